-- Tags that are kept outside of the storage, in place of those in it; those of unknown repositories or digests lead nowhere.
insert into store.tag
select p.repository_id, x.tag, d.digest_id, d.digest_id is not null, 0, null, 0
from (
    select distinct unnest($repositories) as repository, unnest($tags) as tag, unnest($digests) as digest
) as x
join store.repository as p using (repository)
left join store.digest as d using (digest)
order by p.repository_id, x.tag;
