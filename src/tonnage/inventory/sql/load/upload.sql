-- The files of each upload together. The registry's own purge needs a readable startedat and a UUID as id; zot takes any.
insert into store.upload
select
    p.repository_id,
    u.upload,
    max(try_cast(u.started as timestamptz) at time zone 'UTC'),
    cast(sum(u.size_bytes) as bigint),
    cast(count(*) as integer),
    make_timestamp(max(u.modified_us)),
    (select kind from store.source) = 'layouts' or bool_or(
        regexp_full_match(u.started, '\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)')
        and try_cast(u.started as timestamptz) is not null
    ) and try_cast(u.upload as uuid) is not null,
    min(u.part_id)
from staged_upload_file as u
join store.repository as p using (repository)
group by p.repository_id, u.upload
order by p.repository_id, u.upload;
