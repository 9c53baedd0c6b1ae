-- What is known of digests: whether there is such a blob, and the rank of the first repository without oddities that
-- marks it. One row per digest that is near, or that a near manifest refers to.
with named as (
    select digest_id from gc_near
    union
    select f.child_id from store.manifest_ref as f join gc_near as n on n.digest_id = f.parent_id
)
select d.digest, b.digest_id is not null as has_blob, m.rank
from named as n
join store.digest as d using (digest_id)
left join store.blob as b using (digest_id)
left join gc_mark as m using (digest_id);
