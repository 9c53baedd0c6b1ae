-- Namespaces by the bytes only they need. One row per first component of the repositories' names.
-- Example: tonnage namespaces --json
select
    namespace,
    exclusive_bytes,
    shared_bytes,
    stored_bytes,
    repositories_count
from namespace_usage
order by exclusive_bytes desc, namespace;
