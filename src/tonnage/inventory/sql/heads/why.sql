-- What the digest is that `why` is asked about, and who needs it. One row.
select
    $digest as digest,
    u.size_bytes,
    coalesce(u.class, 'not stored') as class,
    case
        when u.digest is null then 'asked for, and not there'
        when u.is_pinned then 'maybe by what cannot be read'
        when u.class = 'orphaned' then 'nothing: a collection frees it'
        when u.class = 'untagged' then 'untagged revisions only'
        else u.tags_count || case when u.tags_count = 1 then ' tag in ' else ' tags in ' end
            || u.repositories_count || case when u.repositories_count = 1 then ' repository' else ' repositories' end
    end as needed_by,
    coalesce(l.created_by, u.role) as created_by
from (select coalesce(max(a.stored_as), $digest) as digest from alias as a where a.digest = $digest) as s
left join blob_usage as u on u.digest = s.digest
left join layer as l on l.digest = s.digest;
