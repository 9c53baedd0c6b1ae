-- The earlier scan told copies of the same content apart; staged, they are one digest again, that of the first copy.
create or replace temp table original as
select c.digest_id, o.digest_id as original_id
from earlier.store.digest as c
join earlier.store.digest as o on o.digest = c.digest and o.copy = 0
where c.copy > 0;
update staged_revision as t set path_digest = o.original_id, content_digest = o.original_id from original as o where o.digest_id = t.path_digest;
update staged_tag as t set digest = o.original_id from original as o where o.digest_id = t.digest;
update staged_layout_file as t set digest = o.original_id from original as o where o.digest_id = t.digest;
update staged_manifest as t set config_digest = o.original_id from original as o where o.digest_id = t.config_digest;
update staged_manifest as t set subject = o.original_id from original as o where o.digest_id = t.subject;
update staged_manifest_ref as t set child = o.original_id from original as o where o.digest_id = t.child;
