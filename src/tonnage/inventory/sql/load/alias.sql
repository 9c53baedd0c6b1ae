-- A layer link at the path of a digest that nothing is stored under leads to the blob that it names.
-- Only where there is: store.layer_link where path_digest_id <> digest_id
insert into store.alias
select distinct path_digest_id, digest_id
from store.layer_link
where is_link_valid and path_digest_id <> digest_id
    and path_digest_id not in (select digest_id from store.blob)
order by path_digest_id, digest_id;
