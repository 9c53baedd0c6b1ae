-- What seems to be missing where nothing could be looked at: that it cannot be read is reported, and that it is gone is not known.
-- Only where there is: store.problem where kind in ('unreadable', 'symlink_out')
delete from store.problem as p
where exists (
    select 1
    from store.problem as u
    where u.kind in ('unreadable', 'symlink_out')
        and u.digest is null and u.path not like '%/link'  -- a folder: of files there may be very many
        and starts_with(
            case
                when p.kind in ('missing_blob', 'missing_child', 'revision_without_blob', 'dead_layer_link')
                    then 'blobs/' || split_part(p.digest, ':', 1) || '/' || left(split_part(p.digest, ':', 2), 2) || '/'
                        || split_part(p.digest, ':', 2) || '/data'
                when p.kind in ('tag_without_revision', 'unlinked_child')
                    then 'repositories/' || p.repository || '/_manifests/revisions/' || replace(p.digest, ':', '/') || '/link'
                when p.kind = 'unlinked_blob'
                    then 'repositories/' || p.repository || '/_layers/' || replace(p.digest, ':', '/') || '/link'
            end || case when u.kind = 'symlink_out' then '/' else '' end,  -- of a link the path itself too
            u.path || '/'
        )
);
