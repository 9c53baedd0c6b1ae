-- From where it is known what was used: access times of files, and logs. One row per source.
create or replace view use_source as
select
    'access times' as source,
    case
        when count(*) = 0 then 'not noted: the file system is mounted with noatime, or this is not a folder'
        when count(*) filter (where a.read_at > b.modified_at) = 0 then 'do not move: nothing was read since it was written'
        when (select count(*) from store.sweep) > 0
            then 'everything was read in a row, by a backup or a copy: of what that read last, no use is known'
        else 'noted'
    end as state,
    count(*) filter (where a.read_at > b.modified_at) as pulls_count,
    cast(null as timestamp) as first_at,
    (select max(looked_at) from store.part) as last_at,
    cast(0 as bigint) as unknown_count
from store.access as a
join store.blob as b on b.digest_id = a.blob_id
union all
select
    f.source,
    'read',
    coalesce(p.pulls_count, 0),
    f.first_at,
    f.last_at,
    f.unknown_count
from (
    select source, min(first_at) as first_at, max(last_at) as last_at, cast(sum(unknown_count) as bigint) as unknown_count
    from store.pull_file
    group by source
) as f
left join (
    select source, cast(sum(pulls_count) as bigint) as pulls_count from store.pull group by source
) as p on p.source = f.source;
comment on view use_source is 'From where it is known what was used: access times of files, and logs. One row per source.';
comment on column use_source.source is 'access times, or the form of the logs.';
comment on column use_source.state is 'What they are worth.';
comment on column use_source.pulls_count is 'Pulls that were reported; files read since they were written.';
comment on column use_source.first_at is 'Time of the first line, UTC; null for access times, which are never the first read.';
comment on column use_source.last_at is 'Time of the last line, or when access times were last asked for, UTC.';
comment on column use_source.unknown_count is 'Lines in no form that tonnage knows.';
