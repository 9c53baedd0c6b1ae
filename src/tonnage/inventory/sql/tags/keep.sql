-- The storage's own tags, kept aside: no collector knows of any others.
insert into store.storage_tag select repository_id, tag, digest_id, has_link from store.tag;
