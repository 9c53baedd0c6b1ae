-- What fills the disk, tagged blobs in two parts: needed by one repository and by several. One row per part.
select
    case when class = 'tagged' and repositories_count > 1 then 'shared' else class end as class,
    count(*) as files_count,
    cast(sum(size_bytes) as bigint) as size_bytes
from store.usage
where class in (select class from class_total where size_bytes is not null)
group by 1
union all
select class, files_count, size_bytes
from class_total
where class not in ('tagged', 'untagged', 'orphaned')
union all
select class, null, null
from class_total
where class in ('untagged', 'orphaned') and size_bytes is null
order by class;
