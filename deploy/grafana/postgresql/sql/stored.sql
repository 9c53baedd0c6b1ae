-- All files of the registry's storage. On the registry's machine: tonnage
select case when count(*) = count(size_bytes) then sum(size_bytes) end as size_bytes
from "$schema".class_total
