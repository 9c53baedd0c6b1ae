-- Layer links that the collector finds. 2.x deletes one together with the revision of the same digest. One row per link.
create or replace temp view gc_layer_link as
select l.repository_id, l.digest_id, l.path_digest_id, l.is_link_valid, l.size_bytes
from store.layer_link as l
where not exists (
    select 1
    from gc_deletion as x
    join gc_collector as c on c.version = 2
    where x.tag is null and x.repository_id = l.repository_id and x.digest_id = l.path_digest_id
);
