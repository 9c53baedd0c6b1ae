-- Of what is named exactly, what is not there. One row per number, from 0.
select x.number
from (
    select
        unnest(range(len($repositories))) as number,
        unnest($repositories) as repository,
        unnest($tags) as tag,
        unnest($digests) as digest
) as x
left join store.repository as p using (repository)
where p.repository_id is null
    or x.tag <> '' and not exists (select 1 from store.tag as t where t.repository_id = p.repository_id and t.tag = x.tag)
    or x.digest <> '' and not exists (
        select 1
        from store.revision_state as s
        join store.digest as d on d.digest_id = s.digest_id
        where s.repository_id = p.repository_id and d.digest = x.digest
    )
    or x.tag = '' and x.digest = ''
        and not exists (select 1 from store.tag as t where t.repository_id = p.repository_id)
        and not exists (select 1 from store.revision_state as s where s.repository_id = p.repository_id)
order by x.number;
