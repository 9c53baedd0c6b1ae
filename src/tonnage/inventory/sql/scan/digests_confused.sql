-- Whether two digests have the same number. One row.
select count(*) > 0 as is_so
from met_digest as m
join staged_digest as d using (staged_id)
where m.digest <> d.digest;
