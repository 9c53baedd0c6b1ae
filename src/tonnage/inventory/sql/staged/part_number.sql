-- Numbers of the parts, even ones, in the order of their keys; what lies outside of all parts comes last. One row per part.
create or replace temp table part_number as
select part, fingerprint, files_count, 2 * (row_number() over (order by part = '', part || '/') - 1) as part_id
from staged_part
where part is not null;
