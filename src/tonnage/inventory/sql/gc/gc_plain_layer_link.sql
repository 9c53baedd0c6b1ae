-- Layer links of repositories without oddities that 3.x takes: not marked once their repository was walked. One row per
-- link.
create or replace temp view gc_plain_layer_link as
with unmarked as materialized (
    select l.repository_id, l.digest_id
    from gc_layer_link as l
    join gc_plain as p using (repository_id)
    join gc_collector as c on c.version = 3
    left join gc_mark as m using (digest_id)
    where m.digest_id is null or m.rank > p.rank
)
select repository_id, digest_id from unmarked where digest_id in (select digest_id from store.blob);
