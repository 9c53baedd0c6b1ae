-- Add repositories that have a manifest which may be marked and not looked into by then.
insert into gc_odd
select distinct r.repository_id from gc_revision as r join gc_half_marked as h using (digest_id);
