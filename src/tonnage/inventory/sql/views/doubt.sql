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
last_scan as (
    select max(scan_id) as scan_id from store.scan
),
vanished as (  -- an emptied repository keeps its folder, as no deletion through the registry takes that
    select
        count(now.repository) as found_count,
        count(*) as expected_count
    from store.scan_repository as before
    join last_scan as l on before.scan_id = l.scan_id - 1
    left join store.scan_repository as now on now.scan_id = l.scan_id and now.repository = before.repository
    where coalesce(before.revisions_count, before.tags_count) > 0
        -- over HTTP a scan may have been told which repositories to ask for
        and (select kind <> 'registry' from store.source)
),
total as (
    select
        s.scan_id = l.scan_id as is_last,
        coalesce(sum(r.revisions_count), 0) as revisions_count,
        coalesce(sum(r.tags_count), 0) as tags_count
    from store.scan as s
    join last_scan as l on s.scan_id >= l.scan_id - 1
    left join store.scan_repository as r on r.scan_id = s.scan_id
    group by s.scan_id, l.scan_id
),
measure as (
    select is_last, 'revisions' as what, revisions_count as things_count from total
    union all
    select is_last, 'tags', tags_count from total
),
shrunk as (
    select now.what, now.things_count as found_count, before.things_count as expected_count
    from measure as now
    join measure as before on before.what = now.what and not before.is_last
    where now.is_last
        and before.things_count >= 10
        and now.things_count * 2 < before.things_count
        and not (select is_cache from revision_count)
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
select 'repositories_vanished', 'repositories', found_count, expected_count, true
from vanished
where found_count * 2 < expected_count
union all
select 'shrunk', what, cast(found_count as bigint), cast(expected_count as bigint), false
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
comment on column doubt.doubt is 'blobs_missing: most revisions are without their manifest. repositories_missing: there are blobs, and not one repository. repositories_vanished: of most repositories in which the scan before found images not even the folder is left. shrunk: the scan found less than half of the revisions or tags that the scan before found. tags_elsewhere: hardly a tag leads to all these revisions. cache: a pull-through cache, in which much may be missing.';
comment on column doubt.what is 'What is counted.';
comment on column doubt.found_count is 'For blobs_missing: revisions without their manifest. For tags_elsewhere: tags that lead to a revision. Else: how many there are.';
comment on column doubt.expected_count is 'For blobs_missing and tags_elsewhere: all revisions. For repositories_missing: blobs. Else: how many the scan before found.';
comment on column doubt.is_grave is 'Whether something is most likely not mounted, or lost: then nothing is planned or cleaned up.';
