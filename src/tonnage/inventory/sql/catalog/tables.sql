-- Tables and views meant for questions. One row per table.
select view_name as "table", comment as meaning
from duckdb_views()
where database_name = current_database() and schema_name = 'main' and not internal
order by view_name;
