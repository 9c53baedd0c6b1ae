-- Add pulls that were not counted before. The rows of a day become one.
create or replace temp table new_pull as
select any_value(columns(* exclude (line))), line
from staged_pull
where line not in (select line from store.pull_seen)
group by line;
insert into store.pull_seen select line from new_pull;
create or replace temp table all_pull as
select repository, reference, is_blob, source, day, max(pulled_at) as pulled_at, sum(pulls_count) as pulls_count
from (
    select repository, reference, is_blob, source, day, pulled_at, pulls_count
    from store.pull
    union all
    select repository, reference, is_blob, source, cast(make_timestamp(at_us) as date), make_timestamp(at_us), 1
    from new_pull
)
group by repository, reference, is_blob, source, day;
delete from store.pull;
insert into store.pull
select repository, reference, is_blob, source, day, pulled_at, pulls_count
from all_pull
order by repository, reference, source, day;
