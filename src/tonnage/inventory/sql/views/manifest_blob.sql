-- What each manifest that some revision needs names by itself: its own blob, config and layers, and not what is below an index. One row per manifest and blob.
create or replace view store.manifest_blob as
with linked as (
    -- What an index lists is needed with it, if it is a revision of its own or not.
    select m.digest_id, m.kind, m.config_id
    from store.manifest as m
    join store.usage as u on u.blob_id = m.digest_id and u.revisions_count > 0
)
select l.digest_id, l.kind, l.config_id, r.blob_id
from linked as l
join store.reach as r on r.root_id = l.digest_id
where l.kind <> 'index'
union all
-- Of an index what it names itself, which are few: only there may something be named twice.
select l.digest_id, l.kind, l.config_id, n.blob_id
from linked as l
join (
    select digest_id as parent_id, digest_id as blob_id from store.manifest where kind = 'index'
    union
    select f.parent_id, b.digest_id
    from store.manifest_ref as f
    left join store.alias as a on a.digest_id = f.child_id
    join store.blob as b on b.digest_id = coalesce(a.stored_id, f.child_id)
    where f.role not in ('subject', 'manifest')
        and f.parent_id in (select digest_id from store.manifest where kind = 'index')
) as n on n.parent_id = l.digest_id
where l.kind = 'index';
comment on view store.manifest_blob is 'What each manifest that some revision needs names by itself: its own blob, config and layers, and not what is below an index. One row per manifest and blob.';
comment on column store.manifest_blob.digest_id is 'Digest of the manifest.';
comment on column store.manifest_blob.kind is 'Kind of the manifest.';
comment on column store.manifest_blob.config_id is 'Digest of its config.';
comment on column store.manifest_blob.blob_id is 'Digest of a blob.';
create or replace view manifest_blob as
select
    m.digest as manifest,
    d.digest,
    u.size_bytes
from store.manifest_blob as n
join store.digest as m on m.digest_id = n.digest_id
join store.digest as d on d.digest_id = n.blob_id
join store.usage as u on u.blob_id = n.blob_id;
comment on view manifest_blob is 'What each manifest that some revision needs names by itself: its own blob, config and layers, and not what is below an index. One row per manifest and blob.';
comment on column manifest_blob.manifest is 'Digest of the manifest.';
comment on column manifest_blob.digest is 'Digest of a blob that it names, or of itself.';
comment on column manifest_blob.size_bytes is 'Stored size in bytes.';
