-- What was read, and what can be known that way. One row per inventory.
create or replace view source as
select
    t.kind,
    t.has_untagged,
    t.has_files,
    t.has_stored_sizes,
    t.listed_at,
    t.has_given_tags,
    exists (select 1 from store.last_use where unused_since_at is not null)
        or not exists (select 1 from store.last_use) as has_uses
from store.source as t;
comment on view source is 'What was read, and what can be known that way. One row per inventory.';
comment on column source.kind is 'storage; layouts: the storage is OCI image layouts, as zot keeps them; or registry: read over HTTP.';
comment on column source.has_untagged is 'Whether revisions that no tag leads to were listed; without, how many there are and what they hold is unknown.';
comment on column source.has_files is 'Whether the files were listed; without, orphaned blobs, uploads, links, strays and the bytes of the disk are unknown.';
comment on column source.has_stored_sizes is 'Whether the sizes of all blobs are those stored; without, those of layers are what manifests declare.';
comment on column source.listed_at is 'When its keys were listed, UTC, where that was before the scan: an inventory report; null where the scan listed them.';
comment on column source.has_given_tags is 'Whether tags that are kept outside of the storage were given in place of those in it.';
comment on column source.has_uses is 'Whether it is known of some revision since when it was not used: see use_source.';
