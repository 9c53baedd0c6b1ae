-- What the collection removes, in all. One row.
select
    count(*) filter (where kind = 'blob') as blobs_count,
    coalesce(cast(sum(size_bytes) filter (where kind = 'blob') as bigint), 0) as blob_bytes,
    (select count(distinct (repository_id, digest_id)) from gc_removed_revision) as revisions_count,
    (select count(*) from gc_removed_history) as history_count,
    (select count(distinct (repository_id, digest_id)) from gc_removed_layer_link) as layer_links_count,
    count(*) as files_count,
    coalesce(cast(sum(size_bytes) as bigint), 0) as freed_bytes
from gc_removed_file;
