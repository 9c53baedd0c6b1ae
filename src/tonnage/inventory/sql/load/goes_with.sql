-- What goes if a revision is deleted and nothing else: itself, and below it whatever is reached through it alone.
-- The same as what sql/plan works out for one deletion, step by step; here it is turned round, so that one pass answers
-- for all: what stays below a revision is what something else reaches, and that is followed downwards.
-- Only where there is: store.hold
insert into store.goes_with
with recursive below as (
    -- As deep as plans follow.
    select distinct repository_id, holder_id as root_id, holder_id as digest_id, 0 as depth from store.hold
    union
    select b.repository_id, b.root_id, h.digest_id, b.depth + 1
    from below as b
    join store.hold as h on h.repository_id = b.repository_id and h.holder_id = b.digest_id
    where h.digest_id <> b.root_id and b.depth < 63
),
beneath as (
    select distinct repository_id, root_id, digest_id from below where depth > 0
),
circle as (
    -- What holds itself through others never falls by itself. Digests cannot form a circle, but the names of tags can,
    -- and subjects of damaged manifests.
    select distinct b.repository_id, b.root_id as digest_id
    from below as b
    join store.hold as h on h.repository_id = b.repository_id and h.holder_id = b.digest_id and h.digest_id = b.root_id
),
tagged as (
    select t.repository_id, t.digest_id
    from store.tag as t
    where t.digest_id is not null
        and not exists (
            select 1 from store.referrer_tag as r where r.repository_id = t.repository_id and r.tag = t.tag
        )
),
stays as (
    select b.repository_id, b.root_id, b.digest_id
    from beneath as b
    join tagged as t on t.repository_id = b.repository_id and t.digest_id = b.digest_id
    union
    select b.repository_id, b.root_id, b.digest_id
    from beneath as b
    join store.hold as h on h.repository_id = b.repository_id and h.digest_id = b.digest_id
    where h.holder_id <> b.root_id
        and (
            h.holder_id = h.digest_id
            or not exists (
                select 1
                from beneath as o
                where o.repository_id = b.repository_id and o.root_id = b.root_id and o.digest_id = h.holder_id
            )
        )
    union
    select b.repository_id, b.root_id, b.digest_id
    from beneath as b
    join circle as c on c.repository_id = b.repository_id and c.digest_id = b.digest_id
    where not exists (
        select 1
        from beneath as o
        where o.repository_id = b.repository_id and o.root_id = b.digest_id and o.digest_id = b.root_id
    )
    union
    select s.repository_id, s.root_id, h.digest_id
    from stays as s
    join store.hold as h on h.repository_id = s.repository_id and h.holder_id = s.digest_id
    where h.digest_id <> s.root_id
),
goes as (
    select repository_id, digest_id as root_id, digest_id from store.revision_state
    union all
    select b.repository_id, b.root_id, b.digest_id
    from beneath as b
    where not exists (
        select 1
        from stays as s
        where s.repository_id = b.repository_id and s.root_id = b.root_id and s.digest_id = b.digest_id
    )
)
select g.repository_id, g.root_id, g.digest_id
from goes as g
where not exists (
    select 1
    from store.hold as h
    where h.repository_id = g.repository_id
        and h.digest_id = g.root_id
        and h.is_index
        and not exists (
            select 1
            from goes as o
            where o.repository_id = h.repository_id and o.root_id = g.root_id and o.digest_id = h.holder_id
        )
)
order by g.repository_id, g.root_id, g.digest_id;
