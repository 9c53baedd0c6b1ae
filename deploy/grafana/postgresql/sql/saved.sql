-- What the repositories would take besides if nothing were shared.
select
    (select case when count(*) = count(logical_bytes) then sum(logical_bytes) end from "$schema".repository_usage)
        - (select sum(size_bytes) from "$schema".blob_usage where class <> 'orphaned') as saved_bytes
