-- Tags that stand for the referrers of a revision that goes (sha256-<hex>, cosign's .sig, .att, .sbom) go with it.
insert into gone_tag
select t.repository_id, t.tag, t.digest_id, 'its subject goes'
from store.tag as t
join (
    select distinct g.repository_id, replace(d.digest, ':', '-') as stem
    from gone as g
    join store.digest as d on d.digest_id = g.digest_id
) as s on s.repository_id = t.repository_id and (t.tag = s.stem or starts_with(t.tag, s.stem || '.'))
where not exists (select 1 from gone_tag as x where x.repository_id = t.repository_id and x.tag = t.tag);
