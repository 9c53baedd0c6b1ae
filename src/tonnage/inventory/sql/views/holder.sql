-- Who needs each blob, by name. One row per blob and revision that needs it.
create or replace view holder as
select
    b.digest,
    p.repository,
    m.digest as revision,
    s.state,
    k.kind,
    r.root_id = r.blob_id as is_itself
from store.reach as r
join store.revision_state as s on s.digest_id = r.root_id
join store.repository as p on p.repository_id = s.repository_id
join store.digest as b on b.digest_id = r.blob_id
join store.digest as m on m.digest_id = r.root_id
join store.manifest as k on k.digest_id = r.root_id;
comment on view holder is 'Who needs each blob, by name. One row per blob and revision that needs it.';
comment on column holder.digest is 'Digest of the blob.';
comment on column holder.repository is 'Repository that needs it.';
comment on column holder.revision is 'Digest of the manifest that needs it, directly or through an index.';
comment on column holder.state is 'tag: a tag points to it. index: below a tagged index. referrer: about one that is held. untagged: none of these.';
comment on column holder.kind is 'Kind of the manifest.';
comment on column holder.is_itself is 'Whether the blob is this manifest itself.';
