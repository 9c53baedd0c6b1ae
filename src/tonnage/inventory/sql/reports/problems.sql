-- What is odd in the storage, the gravest first. One row per oddity.
-- $severity note|warning|error warning..note: only oddities of this severity or a graver one
-- $kind kind any: only this kind
-- Example: tonnage problems --severity note --kind stray
select
    p.severity,
    p.kind,
    p.path,
    p.detail,
    p.blocks_gc,
    p.digest
from problem as p
where (
        p.severity = 'error'
        or p.severity = 'warning' and $severity in ('warning', 'note')
        or p.severity = 'note' and $severity = 'note'
    )
    and p.kind like $kind escape '!'
order by case p.severity when 'error' then 1 when 'warning' then 2 else 3 end, p.kind, p.path, p.digest, p.detail;
