-- Add repositories in which something is odd; `repository_ids` are those whose folders or names are.
insert into gc_odd
select unnest(cast($repository_ids as integer[]))
union
select repository_id from gc_odd_link
union
select t.repository_id from gc_odd_tag as t, gc_collector as c where c.delete_untagged
union
select r.repository_id
from gc_revision as r
join gc_odd_manifest as m using (digest_id)
cross join gc_collector as c
where case c.version when 2 then m.is_odd_2 else m.is_odd_3 end;
