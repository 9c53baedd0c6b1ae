-- What manifests refer to, in the order in which the collector follows. One row per manifest that is near.
select
    d.digest,
    m.kind = 'image' and not coalesce(bool_or(f.role = 'config'), false) as lacks_config,
    list(c.digest order by f.role <> 'config', f.position) filter (where f.child_id is not null) as children,
    m.refused_by_2,
    m.refused_by_3
from store.manifest as m
join gc_near as n using (digest_id)
join store.digest as d using (digest_id)
left join store.manifest_ref as f
    on f.parent_id = m.digest_id and f.role in ('config', 'layer', 'manifest', 'index blob')
left join store.digest as c on c.digest_id = f.child_id
group by d.digest, m.kind, m.refused_by_2, m.refused_by_3;
