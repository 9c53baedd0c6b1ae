-- What each manifest refers to, in the order in which the collector follows. One row per manifest.
select
    m.digest_id,
    m.kind = 'image' and not coalesce(bool_or(f.role = 'config'), false) as lacks_config,
    list(f.child_id order by f.role <> 'config', f.position) filter (where f.child_id is not null) as children,
    m.refused_by_2,
    m.refused_by_3
from store.manifest as m
left join store.manifest_ref as f
    on f.parent_id = m.digest_id and f.role in ('config', 'layer', 'manifest', 'index blob')
group by m.digest_id, m.kind, m.refused_by_2, m.refused_by_3;
