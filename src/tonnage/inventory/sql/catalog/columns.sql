-- Columns of one table or view. One row per column.
select column_name as "column", lower(data_type) as type, comment as meaning
from duckdb_columns()
where database_name = current_database() and schema_name = 'main' and table_name = $name
order by column_index;
