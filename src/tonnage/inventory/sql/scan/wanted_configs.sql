-- Image configurations that have not been read yet. One row per digest.
create or replace temp table wanted as
select digest_id from named_configs where digest_id not in (select config_id from store.image);
