-- How many digests are marked. One row.
select count(*) from gc_mark;
