-- Files of blobs to be read, each that has bytes of its own. One row per path.
with copy as (
    select
        digest,
        path,
        size_bytes,
        modified_at,
        row_number() over (partition by digest, coalesce(cast(inode as varchar), path) order by path) as place,
        max(size_bytes) over (partition by digest) as most_bytes
    from layout_file
    where digest is not null
)
select
    digest,
    'blobs/' || split_part(digest, ':', 1) || '/' || substr(split_part(digest, ':', 2), 1, 2) || '/'
        || split_part(digest, ':', 2) || '/data' as path,
    size_bytes,
    modified_at
from blob
where (select kind from source) = 'storage'
union all
-- An empty name of a layout stands for bytes that lie under another; and hard links are one file.
select digest, path, size_bytes, modified_at
from copy
where (select kind from source) = 'layouts' and place = 1 and (size_bytes > 0 or most_bytes = 0)
order by path;
