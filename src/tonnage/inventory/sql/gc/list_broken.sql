-- Images that can be had by a tag, and their referrers, that lose something by the collection. One row per image.
select
    p.repository,
    coalesce(t.tags, case b.state when 'referrer' then 'referrer of ' || coalesce(subject.digest, 'something') end) as name,
    d.digest,
    z.lost_bytes,
    r.words as rule,
    m.kind,
    b.lost_count as parts_count,
    b.was_complete,
    b.pullable_count
from gc_broken as b
join gc_rule as r on r.number = b.rule_number
join store.repository as p on p.repository_id = b.repository_id
join store.digest as d on d.digest_id = b.root_id
left join store.manifest as m on m.digest_id = b.root_id
left join store.digest as subject on subject.digest_id = m.subject_id
left join (
    select g.repository_id, g.digest_id, string_agg(g.tag, ' ' order by g.tag) as tags
    from gc_tag as g
    join gc_broken as k on k.repository_id = g.repository_id and k.root_id = g.digest_id
    group by g.repository_id, g.digest_id
) as t on t.repository_id = b.repository_id and t.digest_id = b.root_id
left join (
    select l.repository_id, l.root_id, coalesce(cast(sum(s.size_bytes) as bigint), 0) as lost_bytes
    from gc_lost as l
    left join store.blob as s on s.digest_id = l.lost_id and l.part = 'blob'
    group by l.repository_id, l.root_id
) as z on z.repository_id = b.repository_id and z.root_id = b.root_id
order by b.pullable_count > 0 desc, b.state desc, z.lost_bytes desc, p.repository, d.digest;
