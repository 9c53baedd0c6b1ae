-- Number every digest in use, in the order of its text. What no staged row names is left out. One row per digest.
create temp table numbered as
select cast(row_number() over (order by digest) - 1 as integer) as digest_id, staged_id, digest
from staged_digest
where staged_id in (
    select digest from staged_blob
    union all select path_digest from staged_revision
    union all select content_digest from staged_revision where content_digest <> path_digest
    union all select digest from staged_tag
    union all select digest from staged_tag_history
    union all select path_digest from staged_layer_link
    union all select content_digest from staged_layer_link where content_digest <> path_digest
    union all select digest from staged_extra_link
    union all select content_digest from staged_extra_link
    union all select content_digest from staged_stray
    union all select digest from staged_layout_file
    union all select digest from staged_manifest
    union all select config_digest from staged_manifest
    union all select subject from staged_manifest
    union all select child from staged_manifest_ref
    union all select diff_id from staged_diff_id
);
