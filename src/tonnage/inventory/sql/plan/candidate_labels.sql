-- Labels of some names that tagged images have, an index having those of its children. One row per digest, name and value.
select distinct d.digest, l.name, l.value
from (
    select digest_id, digest_id as image_id from store.manifest
    union
    select parent_id, child_id from store.manifest_ref where role = 'manifest'
) as i
join store.manifest as m on m.digest_id = i.image_id
join store.label as l on l.config_id = m.config_id and l.name in (select unnest(cast($names as varchar[])))
join store.digest as d on d.digest_id = i.digest_id
where i.digest_id in (select digest_id from store.tag)
order by d.digest, l.name, l.value;
