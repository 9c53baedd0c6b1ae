-- Who holds a blob, by repository. One row per repository.
select
    p.repository,
    count(distinct s.digest_id) as revisions_count,
    count(distinct t.tag) as tags_count,
    count(distinct s.digest_id) filter (where s.state = 'untagged') as untagged_count,
    list(distinct t.tag order by t.tag) filter (where t.tag is not null)[1:12] as tags
from store.reach as r
join store.revision_state as s on s.digest_id = r.root_id
join store.repository as p on p.repository_id = s.repository_id
left join store.tag as t on t.repository_id = s.repository_id and t.digest_id = s.digest_id
where r.blob_id = $blob_id
group by p.repository
order by tags_count desc, revisions_count desc, p.repository
limit 200;
