-- Tables and views meant for questions. One row per table.
select cast(c.relname as text) as "table", obj_description(c.oid, 'pg_class') as meaning
from pg_class as c
where c.relnamespace = cast(current_schema() as regnamespace) and c.relkind = 'v'
order by c.relname;
