-- Tags whose name is the digest of a revision of the same repository.
-- Only where there is: store.tag where starts_with(tag, 'sha256-')
insert into store.referrer_tag
select t.repository_id, t.tag, t.digest_id, s.digest_id
from (
    select repository_id, tag, digest_id, regexp_extract(tag, '^sha256-([0-9a-f]{64})(\..*)?$', 1) as hexdigits
    from store.tag
    where starts_with(tag, 'sha256-')
) as t
join store.digest as d on d.digest = 'sha256:' || t.hexdigits
join store.revision_state as s on s.repository_id = t.repository_id and s.digest_id = d.digest_id
where t.digest_id is distinct from s.digest_id
order by t.repository_id, t.tag;
