-- What was pushed within a day of the scan and has no tag may be about to get one: a push sends its manifests first.
insert into protected
select s.repository_id, s.digest_id, 'pushed within a day of the scan: its tag may be on the way'
from store.revision_state as s
join (
    select repository_id, digest_id, max(modified_at) as pushed_at from store.revision group by repository_id, digest_id
) as r on r.repository_id = s.repository_id and r.digest_id = s.digest_id
where s.state = 'untagged'
    and r.pushed_at > (select max(started_at) from store.scan) - interval 1 day;
