-- Revision links: this repository has this manifest. One row per link.
create or replace view revision as
select
    p.repository,
    d.digest,
    path.digest as path_digest,
    t.is_link_valid,
    s.state,
    t.size_bytes,
    t.modified_at
from store.revision as t
join store.repository as p on p.repository_id = t.repository_id
join store.digest as d on d.digest_id = t.digest_id
join store.digest as path on path.digest_id = t.path_digest_id
join store.revision_state as s on s.repository_id = t.repository_id and s.digest_id = t.digest_id;
comment on view revision is 'Revision links: this repository has this manifest. One row per link.';
comment on column revision.repository is 'Repository.';
comment on column revision.digest is 'Digest of the manifest: what the link says, or its path where the link says nothing.';
comment on column revision.path_digest is 'Digest that the path of the link spells.';
comment on column revision.is_link_valid is 'Whether the link holds a digest.';
comment on column revision.state is 'tag: a tag points to it. index: below a tagged index. referrer: about one that is held. untagged: none of these.';
comment on column revision.size_bytes is 'Size of the link file in bytes; null where the files were not listed.';
comment on column revision.modified_at is 'When the link was written, UTC: when this manifest was pushed here.';
