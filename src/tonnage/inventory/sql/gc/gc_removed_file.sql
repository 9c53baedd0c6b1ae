-- Files that the collection removes: whatever lies in the folders it removes. One row per file; strays have a path.
create or replace temp view gc_removed_file as
with placed_stray as (
    select
        s.path,
        s.repository_id,
        s.size_bytes,
        string_split(case when s.repository_id is null then s.path else substr(s.path, length(p.repository) + 15) end, '/') as parts
    from store.stray as s
    left join store.repository as p using (repository_id)
)
select 'blob' as kind, cast(null as integer) as repository_id, b.digest_id, cast(null as varchar) as path, b.size_bytes
from store.blob as b
join gc_removed_blob as x using (digest_id)
union all
select 'revision link', r.repository_id, r.path_digest_id, null, r.size_bytes
from gc_revision as r
join gc_removed_revision as x on x.repository_id = r.repository_id and x.digest_id = r.path_digest_id
union all
select 'signature link', e.repository_id, e.digest_id, null, e.size_bytes
from store.extra_link as e
join gc_removed_revision as x on x.repository_id = e.repository_id and x.digest_id = e.digest_id
where e.kind = 'signature'
union all
select 'history link', h.repository_id, h.digest_id, null, h.size_bytes
from gc_tag_history as h
join gc_removed_history as x on x.repository_id = h.repository_id and x.tag = h.tag and x.digest_id = h.digest_id
union all
select 'layer link', l.repository_id, l.path_digest_id, null, l.size_bytes
from gc_layer_link as l
join gc_removed_layer_link as x on x.repository_id = l.repository_id and x.digest_id = l.path_digest_id
union all
select 'stray', null, d.digest_id, s.path, s.size_bytes
from placed_stray as s
join store.digest as d on d.digest = s.parts[2] || ':' || s.parts[4]
join gc_removed_blob as x on x.digest_id = d.digest_id
where s.repository_id is null and s.parts[1] = 'blobs' and s.parts[3] = left(s.parts[4], 2)
union all
select 'stray', s.repository_id, d.digest_id, s.path, s.size_bytes
from placed_stray as s
join store.digest as d on d.digest = s.parts[3] || ':' || s.parts[4]
join gc_removed_revision as x on x.repository_id = s.repository_id and x.digest_id = d.digest_id
where s.parts[1] = '_manifests' and s.parts[2] = 'revisions'
union all
select 'stray', s.repository_id, d.digest_id, s.path, s.size_bytes
from placed_stray as s
join store.digest as d on d.digest = s.parts[5] || ':' || s.parts[6]
join gc_removed_history as x on x.repository_id = s.repository_id and x.tag = s.parts[3] and x.digest_id = d.digest_id
where s.parts[1] = '_manifests' and s.parts[2] = 'tags' and s.parts[4] = 'index';
