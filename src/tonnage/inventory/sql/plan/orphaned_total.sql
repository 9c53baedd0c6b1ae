-- What a safe collection frees without any deletion. One row.
select cast(coalesce(sum(size_bytes), 0) as bigint) as orphaned_bytes from orphaned where not is_pinned;
