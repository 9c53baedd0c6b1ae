-- Write down that a log was read; the same log again says nothing new of what it covers.
insert into store.pull_file
select $source, make_timestamp($first_us), make_timestamp($last_us), $lines_count, $pulls_count, $others_count, $unknown_count
where not exists (
    select 1
    from store.pull_file
    where source = $source and first_at = make_timestamp($first_us) and last_at = make_timestamp($last_us)
        and lines_count = $lines_count
);
