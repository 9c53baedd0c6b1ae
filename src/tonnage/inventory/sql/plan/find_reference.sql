-- Revisions that a reference names: by digest, by tag, or by the digest of the image's configuration, as container
-- runtimes do. Docker leaves `library/` out. A digest that another registry's name stands before is meant wherever it is.
with here as (
    select repository_id, repository from store.repository where repository in ($repository, 'library/' || $repository)
)
select p.repository, d.digest
from store.revision_state as s
join store.repository as p using (repository_id)
join store.digest as d using (digest_id)
left join store.manifest as m using (digest_id)
left join store.digest as c on c.digest_id = m.config_id
where $digest in (d.digest, c.digest)
    and (p.repository_id in (select repository_id from here) or (select count(*) from here) = 0)
union
select p.repository, d.digest
from here as p
join store.tag as t using (repository_id)
join store.digest as d on d.digest_id = t.digest_id
where t.tag = $tag;
