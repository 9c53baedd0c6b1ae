-- Tags that are kept outside of the storage, in place of those in it; those of unknown repositories or digests lead nowhere.
insert into store.tag
select p.repository_id, x.tag, coalesce(r.digest_id, d.digest_id), d.digest_id is not null, 0, null, 0
from (
    select distinct unnest($repositories) as repository, unnest($tags) as tag, unnest($digests) as digest
) as x
join store.repository as p using (repository)
left join store.digest as d on d.digest = x.digest and d.copy = 0
left join (
    select distinct s.repository_id, s.digest_id, c.digest
    from store.revision as s
    join store.digest as c using (digest_id)
) as r on r.repository_id = p.repository_id and r.digest = x.digest
order by p.repository_id, x.tag;
