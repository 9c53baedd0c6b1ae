-- Build steps by the bytes they put into the registry. One row per command.
-- $min_size bytes 0: at least this many bytes
-- size_bytes: stored bytes of the layers that the command made
-- layers_count: number of these layers
-- references_count: revisions that name these layers, counted once for each layer
-- created_by: command of the build step, as the image's history tells it
-- Example: tonnage steps --min-size 1GiB
select
    cast(sum(size_bytes) as bigint) as size_bytes,
    count(*) as layers_count,
    cast(sum(references_count) as bigint) as references_count,
    created_by
from layer
where created_by is not null
group by created_by
having sum(size_bytes) >= $min_size
order by sum(size_bytes) desc, created_by;
