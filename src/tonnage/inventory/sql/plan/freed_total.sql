-- What a safe collection frees after the deletions, what is orphaned already included. One row.
select cast(coalesce(sum(size_bytes), 0) as bigint) as freed_bytes, count(*) as freed_blobs_count from freed;
