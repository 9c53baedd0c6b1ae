-- A protected revision stays, and so do the tags on it and what its index lists.
delete from gone as g
where exists (
    select 1 from protected as p where p.repository_id = g.repository_id and p.digest_id = g.digest_id
);
delete from gone_tag as x
where exists (
    select 1 from protected as p where p.repository_id = x.repository_id and p.digest_id = x.digest_id
);
