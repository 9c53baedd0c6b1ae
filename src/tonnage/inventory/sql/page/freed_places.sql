-- What a set of deletions frees of each place of the map. One row per place.
select p.place_id, cast(sum(f.size_bytes) as bigint) as freed_bytes
from freed as f
join memory.kept.place as p on p.blob_id = f.blob_id
where not f.is_orphaned
group by p.place_id
order by p.place_id;
