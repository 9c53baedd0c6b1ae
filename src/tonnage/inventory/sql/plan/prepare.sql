-- What is to go, revisions and tags, step 0 being what was asked for; what must stay; tags that stand for a subject.
create or replace temp table gone (repository_id integer, digest_id integer, step integer, reason varchar, is_named boolean);
create or replace temp table gone_tag (repository_id integer, tag varchar, digest_id integer, step integer, reason varchar);
create or replace temp table protected (repository_id integer, digest_id integer, reason varchar);
create or replace temp table fallback as
select t.repository_id, t.tag, t.digest_id, s.digest_id as subject_id
from (
    select repository_id, tag, digest_id, regexp_extract(tag, '^sha256-([0-9a-f]{64})(\..*)?$', 1) as hexdigits
    from store.tag
    where starts_with(tag, 'sha256-')
) as t
join store.digest as d on d.digest = 'sha256:' || t.hexdigits
join store.revision_state as s on s.repository_id = t.repository_id and s.digest_id = d.digest_id
where t.digest_id is distinct from s.digest_id;
