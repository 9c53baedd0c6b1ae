-- Build steps by the bytes they put into the registry. One row per command.
-- $min_size bytes 0: at least this many bytes
-- size_bytes: stored bytes of the layers that the command made
-- layers_count: number of these layers
-- references_count: revisions that name these layers, counted once for each layer
-- created_by: command of the build step, as the image's history tells it
-- Example: tonnage steps --min-size 1GiB
select cast(s.bytes as bigint) as size_bytes, s.layers_count, cast(s.names_count as bigint) as references_count, s.created_by
from (
    select created_by, sum(size_bytes) as bytes, count(*) as layers_count, sum(references_count) as names_count
    from layer
    where created_by is not null
    group by created_by
) as s
where s.bytes >= $min_size
order by s.bytes desc, s.created_by;
