-- Paths that follow from no other table, and what is there: a file, a folder, nothing, an error. One row per path.
select path, 'file' as kind, null as detail, content_id from store.stray
union all
select path, 'file', null, content_id from store.extra_link where kind = 'signature'
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
