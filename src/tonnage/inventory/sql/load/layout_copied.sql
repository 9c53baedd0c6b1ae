-- Give each copy its rows, and each repository its copy.
insert into store.digest
select c.copy_id, d.digest, c.number
from copy as c
join store.digest as d using (digest_id)
where c.number > 0
order by c.copy_id;
delete from store.blob where digest_id in (select digest_id from copy);
insert into store.blob
select copy_id, size_bytes, modified_at, -1 from copy where file is not null order by copy_id;
create temp table copied_ref as
select
    c.copy_id, f.role, f.position, coalesce(m.copy_id, f.child_id) as child_id, f.size_bytes, f.media_type, f.os,
    f.architecture, f.variant, f.os_version, f.has_urls, f.reference_type
from copy as c
join store.manifest_ref as f on f.parent_id = c.digest_id
left join meant as m on m.repository_id = c.repository_id and m.digest_id = f.child_id
where c.file is not null and c.repository_id is not null;
delete from store.manifest_ref where parent_id in (select copy_id from copied_ref);
insert into store.manifest_ref select * from copied_ref order by copy_id, role, position;
create temp table copied_manifest as
select
    c.copy_id, m.kind, m.media_type, m.artifact_type, coalesce(g.copy_id, m.config_id) as config_id, m.config_media_type,
    coalesce(s.copy_id, m.subject_id) as subject_id, m.unreadable_because, m.refused_by_2, m.refused_by_3
from copy as c
join store.manifest as m using (digest_id)
left join meant as g on g.repository_id = c.repository_id and g.digest_id = m.config_id
left join meant as s on s.repository_id = c.repository_id and s.digest_id = m.subject_id
where c.file is not null and c.repository_id is not null;
delete from store.manifest where digest_id in (select copy_id from copied_manifest);
insert into store.manifest select * from copied_manifest order by copy_id;
insert into store.annotation
select c.copy_id, t.name, t.value from copy as c join store.annotation as t using (digest_id) where c.number > 0 and c.file is not null;
insert into store.image
select c.copy_id, t.os, t.architecture, t.variant, t.os_version, t.created, t.created_at
from copy as c join store.image as t on t.config_id = c.digest_id where c.number > 0 and c.file is not null;
insert into store.label
select c.copy_id, t.name, t.value from copy as c join store.label as t on t.config_id = c.digest_id where c.number > 0 and c.file is not null;
insert into store.history
select c.copy_id, t.position, t.layer_position, t.created, t.created_at, t.created_by, t.comment
from copy as c join store.history as t on t.config_id = c.digest_id where c.number > 0 and c.file is not null;
insert into store.diff_id
select c.copy_id, t.position, t.diff_id
from copy as c join store.diff_id as t on t.config_id = c.digest_id where c.number > 0 and c.file is not null;
update store.revision as t set digest_id = m.copy_id, path_digest_id = m.copy_id
from meant as m where m.repository_id = t.repository_id and m.digest_id = t.digest_id and m.copy_id <> m.digest_id;
update store.tag as t set digest_id = m.copy_id
from meant as m where m.repository_id = t.repository_id and m.digest_id = t.digest_id and m.copy_id <> m.digest_id;
update store.layer_link as t set digest_id = m.copy_id, path_digest_id = m.copy_id
from meant as m where m.repository_id = t.repository_id and m.digest_id = t.digest_id and m.copy_id <> m.digest_id;
update store.layout_file as t set digest_id = m.copy_id
from meant as m where m.repository_id = t.repository_id and m.digest_id = t.digest_id and m.copy_id <> m.digest_id;
update store.layout_file as t set digest_id = c.copy_id
from copy as c, named_file as n
where t.repository_id is null and n.path = t.path and c.digest_id = t.digest_id and c.file = n.file and c.copy_id <> c.digest_id;
