-- What is odd in the storage, whom it hits, and what to do; the gravest first. One row per oddity.
-- $severity note|warning|error warning..note: only oddities of this severity or a graver one
-- $kind kind any: only this kind
-- hits: tags that cannot be trusted for it, as REPOSITORY:TAG: the first, the last, and how many more; else the repository
-- Example: tonnage problems --severity note --kind stray
with shown as (
    select p.severity, p.kind, p.path, p.detail, p.blocks_gc, p.digest, p.repository
    from problem as p
    where (
            p.severity = 'error'
            or p.severity = 'warning' and $severity in ('warning', 'note')
            or p.severity = 'note' and $severity = 'note'
        )
        and p.kind like $kind escape '!'
),
asked as (
    select distinct digest, repository from shown where digest is not null
),
needing as (
    -- What is stored has holders itself; what is missing is needed by those of the manifests that name it.
    select a.digest, a.digest as part from asked as a
    union
    select f.child, f.parent from manifest_ref as f where f.child in (select digest from asked)
),
hit as (
    select distinct n.digest, t.repository, t.tag
    from needing as n
    join holder as h on h.digest = n.part
    join tag as t on t.repository = h.repository and t.digest = h.revision
),
counted as (
    select
        a.digest,
        a.repository,
        count(*) as tags_count,
        min(h.repository || ':' || h.tag) as first_tag,
        max(h.repository || ':' || h.tag) as last_tag
    from asked as a
    join hit as h on h.digest = a.digest and (a.repository is null or h.repository = a.repository)
    group by a.digest, a.repository
)
select
    s.kind,
    case
        when strpos(s.path, '/_manifests/tags/') > 0 and s.repository is not null
            then s.repository || ':' || split_part(split_part(s.path, '/_manifests/tags/', 2), '/', 1)
        when c.tags_count = 1 then c.first_tag
        when c.tags_count = 2 then c.first_tag || ', ' || c.last_tag
        when c.tags_count > 2 then c.first_tag || ', ' || c.last_tag || ' and ' || (c.tags_count - 2) || ' more'
        else s.repository
    end as hits,
    s.path,
    k.advice,
    s.severity,
    s.detail,
    s.blocks_gc,
    s.digest
from shown as s
left join problem_kind as k on k.kind = s.kind
left join counted as c on c.digest = s.digest and coalesce(c.repository, '') = coalesce(s.repository, '')
order by case s.severity when 'error' then 1 when 'warning' then 2 else 3 end, s.kind, s.path, s.digest, s.detail;
