-- What each tag leads to. One row per repository and tag; the bytes are null where it leads nowhere.
create or replace view tag_usage as
select
    p.repository,
    t.tag,
    d.digest,
    m.kind,
    t.modified_at as pushed_at,
    i.created_at,
    siblings.tags_count as tags_on_digest_count,
    a.stored_bytes,
    a.tag_exclusive_bytes as exclusive_bytes,
    a.stored_bytes - a.tag_exclusive_bytes as shared_bytes,
    case
        when a.stored_bytes is null then null
        when siblings.tags_count = 1 and not a.is_held then a.frees_alone_bytes
        else 0
    end as frees_alone_bytes,
    e.used_at,
    e.unused_since_at
from store.tag as t
join store.repository as p on p.repository_id = t.repository_id
left join store.digest as d on d.digest_id = t.digest_id
left join store.deletion as a on a.repository_id = t.repository_id and a.digest_id = t.digest_id
left join store.manifest as m on m.digest_id = a.digest_id
left join store.image as i on i.config_id = m.config_id
left join (
    select repository_id, digest_id, count(*) as tags_count from store.tag group by repository_id, digest_id
) as siblings on siblings.repository_id = t.repository_id and siblings.digest_id = t.digest_id
left join store.last_use as e on e.repository_id = a.repository_id and e.digest_id = a.digest_id;
comment on view tag_usage is 'What each tag leads to. One row per repository and tag; the bytes are null where it leads nowhere.';
comment on column tag_usage.repository is 'Repository.';
comment on column tag_usage.tag is 'Name of the tag.';
comment on column tag_usage.digest is 'Digest it points to.';
comment on column tag_usage.kind is 'image, index, artifact, schema1; unreadable where what it refers to is not known.';
comment on column tag_usage.pushed_at is 'When the tag was pushed, UTC.';
comment on column tag_usage.created_at is 'When the image was built, UTC; null for an index.';
comment on column tag_usage.tags_on_digest_count is 'Tags of this repository on the same digest: they are deleted together by digest.';
comment on column tag_usage.stored_bytes is 'Stored bytes of the blobs it needs, directly or through indexes, each counted once.';
comment on column tag_usage.exclusive_bytes is 'Bytes that no other tag leads to.';
comment on column tag_usage.shared_bytes is 'Bytes that other tags lead to as well.';
comment on column tag_usage.frees_alone_bytes is 'Bytes that deleting it frees if nothing else goes, with what only it holds; 0 where another tag, an index or a subject holds its image. At most, where untagged revisions are unknown.';
comment on column tag_usage.used_at is 'Last pull that is known, UTC: it was used then or later. Null where none is known.';
comment on column tag_usage.unused_since_at is 'Since when it was surely not used, UTC; null where that is unknown.';
