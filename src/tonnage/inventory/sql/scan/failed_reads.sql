-- Whether the earlier scan could not read something that may be readable now: no name, size or time tells. One row.
select count(*) > 0 as has_failed
from store.problem as p
where p.kind in ('unreadable', 'unreadable_config', 'vanished')
    or p.kind = 'unreadable_manifest' and exists (
        select 1
        from store.manifest as m
        join store.digest as d on d.digest_id = m.digest_id
        where d.digest = p.digest and m.unreadable_because = 'cannot be read from the storage'
    );
