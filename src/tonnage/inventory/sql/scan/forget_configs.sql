-- Let go of image configurations that have changed, or that nothing names any more.
create or replace temp table left_over as
select config_id
from store.image
where config_id not in (select digest_id from settled where is_config)
    or config_id not in (select digest_id from named_configs);
delete from store.label where config_id in (select config_id from left_over);
delete from store.history where config_id in (select config_id from left_over);
delete from store.diff_id where config_id in (select config_id from left_over);
delete from store.image where config_id in (select config_id from left_over);
