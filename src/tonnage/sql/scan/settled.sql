-- Manifests and image configurations the earlier scan read without a problem, and that have not changed since.
create or replace temp table settled as
select d.digest_id, d.digest
from earlier.store.digest as d
join earlier.store.blob as old on old.digest_id = d.digest_id
join staged_blob as new on new.digest = d.digest
where new.size_bytes = old.size_bytes
    and new.modified_us is not distinct from epoch_us(old.modified_at)
    and new.modified_us < $started_us
    and (
        d.digest_id in (select digest_id from earlier.store.manifest where kind <> 'unreadable')
        or d.digest_id in (select config_id from earlier.store.image)
    )
    and d.digest not in (
        select digest from earlier.store.problem where digest is not null and path like 'blobs/%'
    );
