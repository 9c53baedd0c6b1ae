-- What the scan could not read and that may hold whole repositories, or manifests of any. One row per path.
select path, detail
from store.problem
where kind = 'incomplete_listing'
    or kind in ('unreadable', 'symlink_out')
    and (starts_with(path, 'repositories') and not contains(path, '/_') or starts_with(path, 'blobs') and not suffix(path, '/data'))
order by path;
