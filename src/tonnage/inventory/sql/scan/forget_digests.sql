-- Let go of the digests that nothing names any more.
delete from store.digest
where digest_id not in (
    select digest_id from store.blob
    union all select digest_id from store.revision
    union all select path_digest_id from store.revision where path_digest_id <> digest_id
    union all select digest_id from store.tag where digest_id is not null
    union all select digest_id from store.tag_history
    union all select digest_id from store.layer_link
    union all select path_digest_id from store.layer_link where path_digest_id <> digest_id
    union all select digest_id from store.extra_link
    union all select content_id from store.extra_link where content_id is not null
    union all select content_id from store.stray where content_id is not null
    union all select digest_id from store.layout_file where digest_id is not null
    union all select digest_id from store.manifest
    union all select config_id from store.manifest where config_id is not null
    union all select subject_id from store.manifest where subject_id is not null
    union all select child_id from store.manifest_ref
    union all select diff_id from store.diff_id
);
