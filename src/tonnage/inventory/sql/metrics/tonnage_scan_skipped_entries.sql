-- What the last scan could not read or make sense of and left out; all else is counted. One row per sort of entry.
-- type: gauge
-- entry: tag: leads to no manifest that can be read; manifest, config: unreadable; path: a file or folder that could not be read or was gone
select e.entry, coalesce(f.entries_count, 0) as value
from (values ('tag'), ('manifest'), ('config'), ('path')) as e (entry)
left join (
    select 'tag' as entry, count(*) as entries_count from tag_layers where layers_count is null
    union all
    select k.entry, count(*)
    from (
        values
        ('unreadable_manifest', 'manifest'),
        ('unreadable_config', 'config'),
        ('unreadable', 'path'),
        ('symlink_out', 'path'),
        ('vanished', 'path')
    ) as k (kind, entry)
    join problem as p on p.kind = k.kind
    group by k.entry
) as f on f.entry = e.entry
order by e.entry;
