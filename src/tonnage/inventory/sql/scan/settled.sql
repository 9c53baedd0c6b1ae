-- Manifests and image configurations the earlier scan read without a problem, and that have not changed since. One row per digest.
create or replace temp table settled as
select
    new.digest,
    old.digest_id,
    old.digest_id in (select digest_id from earlier.store.manifest where kind <> 'unreadable') as is_manifest,
    old.digest_id in (select config_id from earlier.store.image) as is_config
from staged_blob as new
join known as k on k.staged_id = new.digest
join earlier.store.digest as first on first.digest_id = k.digest_id and first.copy = 0
join earlier.store.blob as old on old.digest_id = k.digest_id
where new.size_bytes = old.size_bytes
    and new.modified_us is not distinct from epoch_us(old.modified_at)
    and new.modified_us < $started_us
    and (is_manifest or is_config)
    and old.digest_id not in (
        select d.digest_id
        from earlier.store.problem as p
        join earlier.store.digest as d on d.digest = p.digest
        where p.path like 'blobs/%' or p.path like '%/blobs/%'
    );
