-- What each revision needs. One row per repository and revision.
create or replace view revision_usage as
select
    p.repository,
    d.digest,
    s.state,
    m.kind,
    w.pushed_at,
    coalesce(a.stored_bytes, 0) as stored_bytes,
    coalesce(a.exclusive_bytes, 0) as exclusive_bytes,
    coalesce(a.stored_bytes - a.exclusive_bytes, 0) as shared_bytes,
    a.frees_alone_bytes,
    e.used_at,
    e.unused_since_at
from store.revision_state as s
left join store.last_use as e on e.repository_id = s.repository_id and e.digest_id = s.digest_id
join store.repository as p on p.repository_id = s.repository_id
join store.digest as d on d.digest_id = s.digest_id
join store.deletion as a on a.repository_id = s.repository_id and a.digest_id = s.digest_id
join (
    select repository_id, digest_id, max(modified_at) as pushed_at from store.revision group by repository_id, digest_id
) as w on w.repository_id = s.repository_id and w.digest_id = s.digest_id
left join store.manifest as m on m.digest_id = s.digest_id;
comment on view revision_usage is 'What each revision needs. One row per repository and revision.';
comment on column revision_usage.repository is 'Repository.';
comment on column revision_usage.digest is 'Digest of the manifest.';
comment on column revision_usage.state is 'tag: a tag points to it. index: below a tagged index. referrer: about one that is held. untagged: none of these.';
comment on column revision_usage.kind is 'image, index, artifact, schema1; unreadable where what it refers to is not known.';
comment on column revision_usage.pushed_at is 'When it was pushed here, UTC.';
comment on column revision_usage.stored_bytes is 'Stored bytes of the blobs it needs, directly or through indexes, each counted once.';
comment on column revision_usage.exclusive_bytes is 'Bytes that no other revision needs.';
comment on column revision_usage.shared_bytes is 'Bytes that others need too: they stay if it goes.';
comment on column revision_usage.frees_alone_bytes is 'Bytes that deleting it frees if nothing else goes, with what only it holds; 0 where an index that stays lists it. At most, where untagged revisions are unknown.';
comment on column revision_usage.used_at is 'Last pull that is known, UTC: it was used then or later. Null where none is known.';
comment on column revision_usage.unused_since_at is 'Since when it was surely not used, UTC; null where that is unknown.';
