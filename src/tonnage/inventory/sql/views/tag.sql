-- Tags. One row per repository and tag.
create or replace view tag as
select
    p.repository,
    t.tag,
    d.digest,
    t.has_link,
    t.size_bytes,
    t.modified_at
from store.tag as t
join store.repository as p on p.repository_id = t.repository_id
left join store.digest as d on d.digest_id = t.digest_id;
comment on view tag is 'Tags. One row per repository and tag.';
comment on column tag.repository is 'Repository.';
comment on column tag.tag is 'Name of the tag.';
comment on column tag.digest is 'Digest the tag points to now; null where its link is missing or says nothing.';
comment on column tag.has_link is 'Whether the tag has a current link at all; a folder without one is left by a crash between two writes.';
comment on column tag.size_bytes is 'Size of the current link in bytes; null where the files were not listed.';
comment on column tag.modified_at is 'When the current link was written, UTC: when the tag was pushed.';
