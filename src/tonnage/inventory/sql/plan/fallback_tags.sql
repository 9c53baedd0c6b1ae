-- Tags that stand for the referrers of a revision that goes (sha256-<hex>, cosign's .sig, .att, .sbom) go with it.
insert into gone_tag
select f.repository_id, f.tag, f.digest_id, $step, 'its subject goes'
from store.referrer_tag as f
where exists (
    select 1 from gone as g where g.repository_id = f.repository_id and g.digest_id = f.subject_id
)
    and not exists (
        select 1 from protected as p where p.repository_id = f.repository_id and p.digest_id = f.digest_id
    )
    and not exists (select 1 from gone_tag as x where x.repository_id = f.repository_id and x.tag = f.tag);
