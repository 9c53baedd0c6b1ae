-- Files where the layout has a folder that a collection goes into: of a repository, or on the way to a linked blob.
-- Only where there is: store.problem where kind = 'stray'
update store.problem
set kind = 'file_as_folder'
where kind = 'stray'
    and (
        path in ('blobs', 'repositories')
        or regexp_matches(path, '^repositories/.+/(_layers|_manifests|_manifests/revisions|_manifests/tags|_manifests/tags/[^/]+/current)$')
        or path in (
            with linked as (
                select split_part(d.digest, ':', 1) as algorithm, split_part(d.digest, ':', 2) as hexdigits
                from store.revision as r
                join store.digest as d on d.digest_id = r.digest_id
            )
            select 'blobs/' || algorithm from linked
            union
            select 'blobs/' || algorithm || '/' || left(hexdigits, 2) from linked
            union
            select 'blobs/' || algorithm || '/' || left(hexdigits, 2) || '/' || hexdigits from linked
        )
    );
