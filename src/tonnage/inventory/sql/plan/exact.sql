-- Keep what is named exactly, given as lists, for the statements that look for it. One row per number, from 0.
create or replace temp table exact as
select
    unnest(range(len($repositories))) as number,
    unnest($repositories) as repository,
    unnest($tags) as tag,
    unnest($digests) as digest,
    unnest($reasons) as reason;
