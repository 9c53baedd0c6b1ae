-- What is safe to free beside what the collector takes, and what only what could not be read may need. One row.
select
    count(*) filter (where s.digest_id is not null) as safe_count,
    coalesce(cast(sum(s.size_bytes) as bigint), 0) as safe_bytes,
    count(*) filter (where s.digest_id is null) as needed_count,
    coalesce(cast(sum(b.size_bytes) filter (where s.digest_id is null) as bigint), 0) as needed_bytes,
    count(*) filter (where x.digest_id is null) as left_count,
    coalesce(cast(sum(s.size_bytes) filter (where x.digest_id is null) as bigint), 0) as left_bytes,
    (select count(*) from gc_doubtful) as pinned_count,
    (select coalesce(cast(sum(size_bytes) as bigint), 0) from gc_doubtful) as pinned_bytes
from gc_safe as s
full join gc_removed_blob as x on x.digest_id = s.digest_id
left join store.blob as b on b.digest_id = coalesce(s.digest_id, x.digest_id);
