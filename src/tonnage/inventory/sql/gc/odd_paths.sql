-- Paths that follow from no other table, and what is there: a file, a folder, nothing, an error. One row per path.
select s.path, 'file' as kind, null as detail, d.digest as content
from store.stray as s
left join store.digest as d on d.digest_id = s.content_id
union all
select e.path, 'file', null, d.digest
from store.extra_link as e
left join store.digest as d on d.digest_id = e.content_id
where e.kind = 'signature'
union all
select path, 'folder', null, null from store.empty_folder
union all
select distinct
    path,
    case
        when kind in ('broken_symlink', 'vanished', 'symlink_out') then 'nothing'
        when kind = 'special_file' then 'file'
        when kind = 'unreadable' then 'error'
        when detail is null then 'circle of links'
        else 'circle'
    end,
    case when kind = 'unreadable' then detail end,
    null
from store.problem
where kind in ('broken_symlink', 'vanished', 'special_file', 'unreadable', 'symlink_loop', 'symlink_out')
order by path, kind;
