-- Oddities met. One row per oddity.
create or replace view problem as
select
    t.kind,
    k.severity,
    t.path,
    t.repository,
    t.digest,
    t.detail,
    (
        select string_agg(c.name, ', ' order by c.name)
        from (values ('2.x'), ('2.x -m'), ('3.x'), ('3.x -m')) as c (name)
        where strpos(', ' || case
                when t.kind = 'bad_repository_name' and t.detail = 'for 2.x only' then '2.x, 2.x -m'
                when t.kind = 'folder_as_file' and t.path like 'blobs/%/data/%data' then '2.x, 2.x -m, 3.x, 3.x -m'
                when t.kind = 'folder_as_file' and strpos(t.path, '/current/link') = 0 then ''
                when t.kind not in ('folder_as_file', 'file_as_folder', 'symlink_loop', 'unreadable') then k.blocks_gc
                when strpos(t.path, '/_uploads') > 0 or strpos(t.path, '/index/') > 0 then ''
                when strpos(t.path, '/_manifests/tags') > 0 then '2.x -m, 3.x -m'
                when strpos(t.path, '/_layers') > 0 then '3.x, 3.x -m'
                else k.blocks_gc
            end || ',', ', ' || c.name || ',') > 0
            and (p.repository is null or case when c.name like '2%' then p.has_layers else p.has_manifests end)
    ) as blocks_gc
from store.problem as t
join store.problem_kind as k on k.kind = t.kind
left join store.repository as p on p.repository = t.repository;
comment on view problem is 'Oddities met. One row per oddity.';
comment on column problem.kind is 'What is odd; problem_kind explains it.';
comment on column problem.severity is 'note: normal. warning: not as it should be. error: something is lost or unreadable.';
comment on column problem.path is 'Path below v2/.';
comment on column problem.repository is 'Repository, if it is in one.';
comment on column problem.digest is 'Digest it is about, if about one.';
comment on column problem.detail is 'What was found.';
comment on column problem.blocks_gc is 'Collections that abort on it where it lies: 2.x, 2.x -m (with --delete-untagged), 3.x, 3.x -m; null for none. A repository without _layers is none for 2.x, one without _manifests none for 3.x. tonnage gc follows each collection step by step.';
