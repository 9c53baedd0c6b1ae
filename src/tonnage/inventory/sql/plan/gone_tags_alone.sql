-- Tags that go while their revision stays, held by a sibling tag or an index. One row per tag.
select p.repository, x.tag, d.digest, coalesce(m.kind, 'missing') as kind, min(x.reason) as reason,
    exists (
        select 1
        from store.tag as t
        where t.repository_id = x.repository_id and t.digest_id = x.digest_id
            and not exists (select 1 from gone_tag as y where y.repository_id = t.repository_id and y.tag = t.tag)
    ) as has_sibling
from gone_tag as x
join store.repository as p using (repository_id)
join store.digest as d using (digest_id)
left join store.manifest as m using (digest_id)
where exists (
    select 1
    from store.revision_state as s
    where s.repository_id = x.repository_id and s.digest_id = x.digest_id
)
    and not exists (
        select 1 from gone as g where g.repository_id = x.repository_id and g.digest_id = x.digest_id
    )
group by p.repository, x.repository_id, x.tag, d.digest, x.digest_id, m.kind
order by p.repository, x.tag;
