-- What others put into an inventory's schemas, or built upon its relations: an export would take it away. One row per object.
with ours as (
    select c.oid, c.relname, c.relkind, n.nspname
    from pg_namespace as n
    join pg_class as c on c.relnamespace = n.oid
    where n.nspname in ($schema, $store)
)
select o.nspname || '.' || o.relname as name
from ours as o
where o.relkind in ('r', 'v', 'm', 'S', 'f', 'p')
    and obj_description(o.oid, 'pg_class') is null -- all of ours are explained
union
select cast(cast(w.ev_class as regclass) as text)
from ours as o
join pg_depend as d on d.refobjid = o.oid and d.refclassid = cast('pg_class' as regclass) and d.classid = cast('pg_rewrite' as regclass)
join pg_rewrite as w on w.oid = d.objid
where w.ev_class not in (select oid from ours)
order by name;
