-- Files where the layout has a folder that a collection goes into: of a repository, or of a blob that a link leads to.
update store.problem as t
set kind = 'file_as_folder'
where t.kind = 'stray'
    and (
        t.path in ('blobs', 'repositories')
        or regexp_matches(t.path, '^repositories/.+/(_layers|_manifests|_manifests/revisions|_manifests/tags|_manifests/tags/[^/]+/current)$')
        or exists (
            select 1
            from store.revision as r
            join store.digest as d on d.digest_id = r.digest_id
            where t.path = 'blobs/' || split_part(d.digest, ':', 1) || '/' || left(split_part(d.digest, ':', 2), 2) || '/' || split_part(d.digest, ':', 2)
        )
    );
