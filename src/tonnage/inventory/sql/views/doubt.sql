-- What makes the storage, or what follows from it, not to be believed as it is. One row per doubt.
create or replace view doubt as
with revision_count as (
    select
        (select count(*) from store.revision_state) as revisions_count,
        (select count(*) from store.problem where kind = 'revision_without_blob') as lost_count,
        (
            select count(*)
            from store.tag as t
            join store.revision_state as s on s.repository_id = t.repository_id and s.digest_id = t.digest_id
        ) as tags_count,
        (select count(*) from store.tag) as tag_folders_count,
        (select count(*) from store.problem where kind = 'pull_through_cache') > 0 as is_cache
),
total as (  -- of the last two scans
    select
        s.scan_id = max(s.scan_id) over () as is_last,
        count(r.repository) as repositories_count,
        coalesce(sum(r.revisions_count), 0) as revisions_count,
        coalesce(sum(r.tags_count), 0) as tags_count
    from store.scan as s
    left join store.scan_repository as r on r.scan_id = s.scan_id
    where s.scan_id >= (select max(scan_id) - 1 from store.scan)
    group by s.scan_id
),
measure as (
    select is_last, 'repositories' as what, repositories_count as things_count, 1 as least_count from total
    union all
    select is_last, 'revisions', revisions_count, 10 from total where not (select is_cache from revision_count)
    union all
    select is_last, 'tags', tags_count, 10 from total where not (select is_cache from revision_count)
),
shrunk as (
    select now.what, now.things_count as found_count, before.things_count as expected_count
    from measure as now
    join measure as before on before.what = now.what and not before.is_last
    where now.is_last
        and before.things_count >= now.least_count
        and now.things_count * 2 < before.things_count
    order by now.things_count * 1.0 / before.things_count, now.what
    limit 1
)
select 'blobs_missing' as doubt, 'revisions' as what, lost_count as found_count, revisions_count as expected_count, true as is_grave
from revision_count
where lost_count * 2 > revisions_count
union all
select 'repositories_missing', 'blobs', 0, (select count(*) from store.blob), true
where (select kind = 'storage' from store.source)
    and not exists (select 1 from store.repository)
    and exists (select 1 from store.blob)
    and not exists (select 1 from store.problem where kind = 'unreadable' and path like 'repositories%')
union all
select 'shrunk', what, cast(found_count as bigint), cast(expected_count as bigint), true
from shrunk
union all
select 'tags_elsewhere', 'revisions', tags_count, revisions_count, false
from revision_count
where (select has_untagged and not has_given_tags from store.source)
    and revisions_count > 0
    and (tag_folders_count = 0 or revisions_count >= 20 and revisions_count > tags_count * 100)
union all
select 'cache', 'revisions', revisions_count, revisions_count, false
from revision_count
where is_cache;
comment on view doubt is 'What makes the storage, or what follows from it, not to be believed as it is. One row per doubt.';
comment on column doubt.doubt is 'blobs_missing: most revisions are without their manifest. repositories_missing: there are blobs, and not one repository. shrunk: the scan found less than half of what the scan before it found. tags_elsewhere: hardly a tag leads to all these revisions. cache: a pull-through cache, in which much may be missing.';
comment on column doubt.what is 'What is counted.';
comment on column doubt.found_count is 'For blobs_missing: revisions without their manifest. For tags_elsewhere: tags that lead to a revision. Else: how many there are.';
comment on column doubt.expected_count is 'For blobs_missing and tags_elsewhere: all revisions. For repositories_missing: blobs. For shrunk: how many the scan before found.';
comment on column doubt.is_grave is 'Whether something is most likely not mounted, or lost: then nothing is planned or cleaned up.';
