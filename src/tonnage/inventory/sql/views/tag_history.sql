-- Digests that tags point to now or pointed to once. One row per repository, tag and digest.
create or replace view tag_history as
select
    p.repository,
    t.tag,
    d.digest,
    coalesce(c.digest_id = t.digest_id, false) as is_current,
    t.size_bytes,
    t.modified_at,
    s.digest_id is not null as has_revision
from store.tag_history as t
join store.repository as p on p.repository_id = t.repository_id
join store.digest as d on d.digest_id = t.digest_id
left join store.tag as c on c.repository_id = t.repository_id and c.tag = t.tag
left join store.revision_state as s on s.repository_id = t.repository_id and s.digest_id = t.digest_id;
comment on view tag_history is 'Digests that tags point to now or pointed to once. One row per repository, tag and digest.';
comment on column tag_history.repository is 'Repository.';
comment on column tag_history.tag is 'Name of the tag.';
comment on column tag_history.digest is 'Digest the tag pointed to.';
comment on column tag_history.is_current is 'Whether the tag points there now.';
comment on column tag_history.size_bytes is 'Size of the link in bytes.';
comment on column tag_history.modified_at is 'When the tag was pointed there last, UTC.';
comment on column tag_history.has_revision is 'Whether the repository has a revision of that digest.';
