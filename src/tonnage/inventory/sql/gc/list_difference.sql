-- Blobs where the collector does not do what would be safe. One row per blob.
select
    case
        when s.digest_id is null and q.digest_id is not null then 'taken although it may be needed'
        when s.digest_id is null then 'taken although needed'
        else 'left although nothing needs it'
    end as difference,
    d.digest,
    b.size_bytes,
    u.role,
    coalesce(
        r.words,
        case
            when s.digest_id is null and q.digest_id is not null then 'what could not be read may need it'
            when s.digest_id is null then 'a revision that stays leads to it'
            else 'the collector follows a revision that leads to it'
        end
    ) as because
from gc_safe as s
full join gc_removed_blob as x on x.digest_id = s.digest_id
join store.blob as b on b.digest_id = coalesce(s.digest_id, x.digest_id)
join store.digest as d on d.digest_id = b.digest_id
join store.usage as u on u.blob_id = b.digest_id
left join gc_doubtful as q on q.digest_id = b.digest_id
left join (
    select l.lost_id, min(n.number) as number
    from gc_lost as l
    join gc_rule as n using (rule)
    where l.part = 'blob'
    group by l.lost_id
) as w on w.lost_id = b.digest_id
left join gc_rule as r on r.number = w.number
where s.digest_id is null or x.digest_id is null
order by difference desc, b.size_bytes desc, d.digest;
