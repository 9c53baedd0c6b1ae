-- The numbers of an earlier inventory go on: what it had in several copies is one again until they are told apart anew.
create temp table known as
select digest_id, digest_id as staged_id from earlier.store.digest where copy = 0
union all
select c.digest_id, d.digest_id
from earlier.store.digest as c
join earlier.store.digest as d on d.digest = c.digest and d.copy = 0
where c.copy > 0;
insert into staged_digest
select digest_id, digest from earlier.store.digest where copy = 0;
