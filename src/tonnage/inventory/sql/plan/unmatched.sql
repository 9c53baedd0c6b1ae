-- Of what is named exactly, what is not there. One row per number, from 0.
with placed as (
    select x.number, x.tag, x.digest, p.repository_id
    from exact as x
    join store.repository as p using (repository)
),
tagged as (
    select x.number
    from placed as x
    join store.tag as t on t.repository_id = x.repository_id and t.tag = x.tag
),
listed as (
    select x.number
    from placed as x
    join store.digest as d on d.digest = x.digest
    join store.revision_state as s on s.repository_id = x.repository_id and s.digest_id = d.digest_id
    where x.digest <> ''
),
whole as (
    select x.number
    from placed as x
    where x.tag = '' and x.digest = ''
        and (
            x.repository_id in (select repository_id from store.tag)
            or x.repository_id in (select repository_id from store.revision_state)
        )
)
select x.number
from exact as x
where x.tag <> '' and x.number not in (select number from tagged)
    or x.digest <> '' and x.number not in (select number from listed)
    or x.tag = '' and x.digest = '' and x.number not in (select number from whole)
order by x.number;
