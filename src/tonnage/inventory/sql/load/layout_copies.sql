-- Tell apart what layouts hold in several files: each file is a blob of its own, and so is what refers to it.
-- A digest has a file for each inode or, without one, each path; an empty one stands for the pool's, or the first.
create temp table named_file as
select
    repository_id,
    digest_id,
    path,
    size_bytes,
    modified_at,
    case when size_bytes = 0 then '' when inode is not null then 'inode ' || inode else path end as file
from store.layout_file
where digest_id is not null;
create temp table stored_file as
select
    digest_id,
    file,
    min(path) as path,
    max(size_bytes) as size_bytes,
    arg_min(modified_at, path) as modified_at,
    bool_or(repository_id is null) as is_pooled
from named_file
where file <> '' or digest_id not in (select digest_id from named_file where file <> '')
group by digest_id, file;
-- What each repository has, and what it has not although it names it: no file.
create temp table holding as
with named as (
    select repository_id, digest_id, file from named_file where repository_id is not null
),
needed as (
    select repository_id, digest_id from store.revision
    union
    select r.repository_id, f.child_id
    from store.revision as r
    join store.manifest_ref as f on f.parent_id = r.digest_id
),
given as (
    select digest_id, is_pooled, file
    from stored_file
    qualify row_number() over (partition by digest_id order by not is_pooled, path) = 1
)
select
    repository_id,
    digest_id,
    case when n.file <> '' then n.file when n.file is not null or g.is_pooled then g.file end as file
from named as n
full join needed as w using (repository_id, digest_id)
left join given as g using (digest_id);
-- Digests that are not the same file for all, and the manifests that lead to them: one copy for each repository.
create temp table apart as
select digest_id
from (
    select digest_id, file from stored_file
    union
    select digest_id, file from holding where file is null and digest_id in (select digest_id from stored_file)
)
group by digest_id
having count(*) > 1;
create temp table above as
with recursive up as (
    select f.parent_id as digest_id from store.manifest_ref as f join apart as a on a.digest_id = f.child_id
    union
    select f.parent_id from store.manifest_ref as f join up as u on u.digest_id = f.child_id
)
select digest_id from up;
create temp table copy as
with shared as (
    select
        h.digest_id,
        case when h.file is not null and u.digest_id is not null then 'repository ' || h.repository_id else h.file end as share,
        arg_min(h.repository_id, p.repository) as repository_id,
        min(h.file) as file
    from holding as h
    join store.repository as p using (repository_id)
    left join above as u using (digest_id)
    where h.digest_id in (select digest_id from apart union select digest_id from above)
    group by h.digest_id, share
    union all
    select s.digest_id, s.file, null, s.file
    from stored_file as s
    where s.digest_id in (select digest_id from apart union select digest_id from above)
        and not exists (select 1 from holding as h where h.digest_id = s.digest_id and h.file = s.file)
),
numbered as (
    select
        s.*,
        f.size_bytes,
        f.modified_at,
        row_number() over (
            partition by s.digest_id order by s.file is null, p.repository is null, p.repository, f.path
        ) - 1 as number,
        row_number() over (partition by s.digest_id, s.file order by p.repository) = 1 as is_first
    from shared as s
    left join store.repository as p using (repository_id)
    left join stored_file as f on f.digest_id = s.digest_id and f.file = s.file
)
select
    digest_id,
    share,
    repository_id,
    file,
    case when is_first then size_bytes else 0 end as size_bytes,
    modified_at,
    cast(number as integer) as number,
    cast(
        case
            when number = 0 then digest_id
            else (select max(digest_id) from store.digest)
                + count(*) filter (where number > 0) over (order by digest_id, number rows unbounded preceding)
        end
        as integer
    ) as copy_id
from numbered;
-- Which copy each repository means by a digest.
create temp table meant as
select h.repository_id, h.digest_id, c.copy_id
from holding as h
left join above as u using (digest_id)
join copy as c on c.digest_id = h.digest_id
    and c.share is not distinct from case when h.file is not null and u.digest_id is not null then 'repository ' || h.repository_id else h.file end;
