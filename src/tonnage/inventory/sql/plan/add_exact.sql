-- Take what is named exactly, all at once: repositories (tag and digest empty), tags, revisions. Tags are added apart.
insert into gone
select s.repository_id, s.digest_id, 0, x.reason, true
from exact as x
join store.repository as p using (repository)
join store.revision_state as s on s.repository_id = p.repository_id
join store.digest as d on d.digest_id = s.digest_id
where x.tag = '' and x.digest in ('', d.digest);
