-- Revisions nobody has used for as many days as are chosen above, the hundred that free the most. Empty where no use is known. tonnage unused
with tagged as (
    select repository, digest, min(tag) as tag
    from "$schema".tag
    group by repository, digest
)
select
    u.repository,
    t.tag,
    u.unused_since_at,
    u.frees_alone_bytes,
    u.stored_bytes,
    u.digest
from "$schema".revision_usage as u
left join tagged as t on t.repository = u.repository and t.digest = u.digest
where u.state in ('tag', 'untagged')
    and u.unused_since_at <= (select max(started_at) from "$schema".scan) - $unused_days * interval '1 day'
order by u.frees_alone_bytes desc nulls last, u.stored_bytes desc, u.repository, u.digest
limit 100
