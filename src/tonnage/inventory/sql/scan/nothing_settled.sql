-- Nothing was read by an earlier scan. No rows.
create or replace temp table settled (digest integer, digest_id integer, is_manifest boolean, is_config boolean);
