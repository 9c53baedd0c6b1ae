-- The files of each upload together. The registry's own purge needs a readable startedat and a UUID as id; zot takes any.
-- Only where there is: store.upload_file
insert into store.upload
select
    u.repository_id,
    u.upload,
    max(try_cast(u.started as timestamptz) at time zone 'UTC'),
    cast(sum(u.size_bytes) as bigint),
    cast(count(*) as integer),
    max(u.modified_at),
    (select kind from store.source) = 'layouts' or bool_or(
        regexp_full_match(u.started, '\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)')
        and try_cast(u.started as timestamptz) is not null
    ) and try_cast(u.upload as uuid) is not null,
    min(u.part_id)
from store.upload_file as u
group by u.repository_id, u.upload
order by u.repository_id, u.upload;
