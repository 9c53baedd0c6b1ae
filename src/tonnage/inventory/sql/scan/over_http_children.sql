-- Children of the indexes the earlier scan read. One row per index and child.
select p.digest, c.digest
from earlier.store.manifest_ref as f
join earlier.store.digest as p on p.digest_id = f.parent_id
join earlier.store.digest as c on c.digest_id = f.child_id
where f.role = 'manifest'
order by p.digest, f.position;
