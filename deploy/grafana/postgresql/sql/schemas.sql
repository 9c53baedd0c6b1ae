-- The inventories that this role may read, each in a schema of its own: the choice at the top. One row per inventory.
with inventory as (
    select n.nspname as name
    from pg_catalog.pg_namespace as n
    join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = 'class_total' and c.relkind = 'v'
    where pg_catalog.obj_description(n.oid, 'pg_namespace') like 'tables of a tonnage inventory, %'
        and pg_catalog.has_schema_privilege(n.oid, 'usage')
        and pg_catalog.has_table_privilege(c.oid, 'select')
)
select i.name
from inventory as i
where i.name not in (select name || '_old' from inventory) -- what an export has just replaced
order by i.name
