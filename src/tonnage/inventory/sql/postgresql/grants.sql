-- Statements that give the new schemas and their relations what was granted on the old ones. One row per grant.
with pair (old, new) as (
    values ($old, $new), ($old_store, $new_store)
),
granted as (
    select
        'schema ' || quote_ident(p.new) as what,
        n.nspacl as acl,
        n.nspowner as owner
    from pair as p
    join pg_namespace as n on n.nspname = p.old
    union all
    select quote_ident(p.new) || '.' || quote_ident(c.relname), c.relacl, c.relowner
    from pair as p
    join pg_namespace as n on n.nspname = p.old
    join pg_class as c on c.relnamespace = n.oid and c.relkind in ('r', 'v')
    join pg_namespace as m on m.nspname = p.new
    join pg_class as d on d.relnamespace = m.oid and d.relname = c.relname
)
select
    'grant ' || a.privilege_type || ' on ' || g.what || ' to '
        || case when a.grantee = 0 then 'public' else quote_ident(r.rolname) end
        || case when a.is_grantable then ' with grant option' else '' end as statement
from granted as g
cross join lateral aclexplode(g.acl) as a
left join pg_roles as r on r.oid = a.grantee
where a.grantee <> g.owner and (a.grantee = 0 or r.rolname is not null)
order by statement;
