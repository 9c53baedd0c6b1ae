-- What the repositories would take besides if nothing were shared.
select
    case when count(*) = count(logical_bytes) then sum(logical_bytes) end
        - (select sum(size_bytes) from "$schema".class_total where class in ('tagged', 'untagged')) as saved_bytes
from "$schema".scan_repository
where scan_id = (select max(scan_id) from "$schema".scan)
