-- Number every digest met, in the order of its text. One pass over all of them: what is named elsewhere is left out.
insert into store.digest
select cast(row_number() over (order by digest) - 1 as integer), digest
from (
    select distinct digest
    from (
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
        union all select digest from staged_manifest
        union all select config_digest from staged_manifest
        union all select subject from staged_manifest
        union all select child from staged_manifest_ref
        union all select diff_id from staged_diff_id
    )
)
where digest is not null;
