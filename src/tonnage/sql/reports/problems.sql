-- What is odd in the storage, the gravest first. One row per oddity.
-- $severity text warning: from which severity on: note, warning, error
-- $kind text any: only this kind
select
    p.severity,
    p.kind,
    p.path,
    p.digest,
    p.detail,
    p.blocks_gc
from problem as p
where (
        p.severity = 'error'
        or p.severity = 'warning' and $severity in ('warning', 'note')
        or p.severity = 'note' and $severity = 'note'
    )
    and $kind in ('any', p.kind)
order by case p.severity when 'error' then 1 when 'warning' then 2 else 3 end, p.kind, p.path, p.digest, p.detail;
