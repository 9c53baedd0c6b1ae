-- Undo the numbering of copies: one digest, one number, until all is known again.
create temp table first_copy as
select c.digest_id, d.digest_id as first_id
from store.digest as c
join store.digest as d on d.digest = c.digest and d.copy = 0
where c.copy > 0;
delete from store.revision where part_id = -1;
delete from store.layer_link where part_id = -1;
update store.blob set part_id = -2;
delete from store.blob where digest_id in (select digest_id from first_copy);
delete from store.manifest where digest_id in (select digest_id from first_copy);
delete from store.manifest_ref where parent_id in (select digest_id from first_copy);
delete from store.annotation where digest_id in (select digest_id from first_copy);
delete from store.image where config_id in (select digest_id from first_copy);
delete from store.label where config_id in (select digest_id from first_copy);
delete from store.history where config_id in (select digest_id from first_copy);
delete from store.diff_id where config_id in (select digest_id from first_copy);
delete from store.digest where copy > 0;
update store.revision set modified_at = null;
update store.revision as t set digest_id = c.first_id, path_digest_id = c.first_id from first_copy as c where c.digest_id = t.digest_id;
update store.tag as t set digest_id = c.first_id from first_copy as c where c.digest_id = t.digest_id;
update store.layout_file as t set digest_id = c.first_id from first_copy as c where c.digest_id = t.digest_id;
update store.manifest_ref as t set child_id = c.first_id from first_copy as c where c.digest_id = t.child_id;
update store.manifest as t set config_id = c.first_id from first_copy as c where c.digest_id = t.config_id;
update store.manifest as t set subject_id = c.first_id from first_copy as c where c.digest_id = t.subject_id;
delete from store.layout_file where part_id in (select part_id from gone_part);
