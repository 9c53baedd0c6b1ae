-- Columns of one table or view. One row per column.
select cast(a.attname as text) as "column", format_type(a.atttypid, a.atttypmod) as type, col_description(c.oid, a.attnum) as meaning
from pg_class as c
join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = cast(current_schema() as regnamespace) and c.relkind = 'v' and c.relname = $name
order by a.attnum;
