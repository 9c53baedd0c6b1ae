-- Files that fit nothing in the layout of a registry. One row per file.
create or replace view stray as
select
    t.path,
    p.repository,
    t.size_bytes,
    t.modified_at
from store.stray as t
left join store.repository as p on p.repository_id = t.repository_id;
comment on view stray is 'Files that fit nothing in the layout of a registry. One row per file.';
comment on column stray.path is 'Path below v2/.';
comment on column stray.repository is 'Repository.';
comment on column stray.size_bytes is 'Size in bytes.';
comment on column stray.modified_at is 'When it was last written, UTC.';
