-- What was read, and what can be known that way. One row per inventory.
create table store.source (kind varchar not null, has_untagged boolean not null, has_files boolean not null, has_stored_sizes boolean not null, listed_at timestamp, has_given_tags boolean not null, whole_bytes bigint);
comment on table store.source is 'What was read, and what can be known that way. One row per inventory.';
comment on column store.source.kind is 'storage; layouts: the storage is OCI image layouts, as zot keeps them; or registry: read over HTTP.';
comment on column store.source.has_untagged is 'Whether revisions that no tag leads to were listed; without, how many there are and what they hold is unknown.';
comment on column store.source.has_files is 'Whether the files were listed; without, orphaned blobs, uploads, links, strays and the bytes of the disk are unknown.';
comment on column store.source.has_stored_sizes is 'Whether the sizes of all blobs are those stored; without, those of layers are what manifests declare.';
comment on column store.source.listed_at is 'When its keys were listed, UTC, where that was before the scan: an inventory report; null where the scan listed them.';
comment on column store.source.has_given_tags is 'Whether tags that are kept outside of the storage were given in place of those in it.';
comment on column store.source.whole_bytes is 'Size of the inventory''s file when all of it was last rewritten; null where the last scan did that.';
