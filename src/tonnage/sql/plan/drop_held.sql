-- A revision that an index which stays lists cannot go: the index would break. Returns how many stay for it.
delete from gone as g
where exists (
    select 1
    from store.manifest_ref as f
    join store.revision_state as s on s.digest_id = f.parent_id
    where f.role = 'manifest'
        and f.child_id = g.digest_id
        and s.repository_id = g.repository_id
        and not exists (
            select 1 from gone as i where i.repository_id = s.repository_id and i.digest_id = s.digest_id
        )
);
