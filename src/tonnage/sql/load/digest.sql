-- Number every digest met, in the order of its text.
insert into store.digest
select cast(row_number() over (order by digest) - 1 as integer), digest
from (
    select digest from staged_blob
    union select path_digest from staged_revision
    union select content_digest from staged_revision
    union select digest from staged_tag
    union select digest from staged_tag_history
    union select path_digest from staged_layer_link
    union select content_digest from staged_layer_link
    union select digest from staged_extra_link
    union select content_digest from staged_extra_link
    union select content_digest from staged_stray
    union select digest from staged_manifest
    union select config_digest from staged_manifest
    union select subject from staged_manifest
    union select parent from staged_manifest_ref
    union select child from staged_manifest_ref
    union select config_digest from staged_image
    union select diff_id from staged_diff_id
)
where digest is not null;
