-- Manifests and image configurations the earlier scan read. One row per digest.
select d.digest
from earlier.store.manifest as m
join earlier.store.digest as d on d.digest_id = m.digest_id
where m.kind <> 'unreadable'
union
select d.digest
from earlier.store.image as i
join earlier.store.digest as d on d.digest_id = i.config_id;
