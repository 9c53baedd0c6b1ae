-- The export that is in place, and the version of its tables as the comment of their schema says it. One row, or none.
select
    cast(n.oid as bigint) as generation,
    cast(substring(obj_description(n.oid, 'pg_namespace') from '^tables of a tonnage inventory, version ([0-9]+)') as integer)
        as schema_version
from pg_namespace as n
where n.nspname = $schema;
