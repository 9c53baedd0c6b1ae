-- Let go of the digests that no staged row names: those of an earlier inventory.
delete from staged_digest
where digest_id not in (
    select digest from staged_blob
    union all select path_digest from staged_revision
    union all select content_digest from staged_revision where content_digest <> path_digest
    union all select digest from staged_tag where digest is not null
    union all select digest from staged_tag_history
    union all select path_digest from staged_layer_link
    union all select content_digest from staged_layer_link where content_digest <> path_digest
    union all select digest from staged_extra_link
    union all select content_digest from staged_extra_link where content_digest is not null
    union all select content_digest from staged_stray where content_digest is not null
    union all select digest from staged_layout_file where digest is not null
    union all select digest from staged_manifest
    union all select config_digest from staged_manifest where config_digest is not null
    union all select subject from staged_manifest where subject is not null
    union all select child from staged_manifest_ref
    union all select diff_id from staged_diff_id
);
