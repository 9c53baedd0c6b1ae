-- Parts in which the earlier scan met what does not belong: their folders are opened again. One row per part.
select part_id from earlier.store.stray
union
select part_id from earlier.store.problem where part_id is not null
union
select part_id from earlier.store.empty_folder where regexp_matches(path, '/[0-9a-f]{3,}/[^/]+$');
