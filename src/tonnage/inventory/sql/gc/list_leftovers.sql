-- What is still there after the collection and no collection will ever take. One row per kind.
with upload_size as (
    select
        u.is_purgeable,
        count(*) as uploads_count,
        cast(sum(u.files_count) as bigint) as files_count,
        cast(sum(1 + f.hash_folders_count) as bigint) as folders_count,
        cast(sum(u.size_bytes) as bigint) as size_bytes
    from store.upload as u
    join (
        select repository_id, upload, case when bool_or(part = 'hashstates') then 2 else 0 end as hash_folders_count
        from store.upload_file
        group by repository_id, upload
    ) as f on f.repository_id = u.repository_id and f.upload = u.upload
    group by u.is_purgeable
),
layer_link as materialized (
    select
        l.size_bytes,
        b.digest_id is not null as has_blob,
        exists (
            select 1
            from gc_revision as r
            join store.reach as a on a.root_id = r.digest_id and a.blob_id = l.digest_id
            where r.repository_id = l.repository_id
                and not exists (
                    select 1
                    from gc_removed_revision as x
                    where x.repository_id = r.repository_id and x.digest_id = r.path_digest_id
                )
        ) as is_used
    from gc_layer_link as l
    left join gc_stays as b on b.digest_id = l.digest_id
    where not exists (
        select 1
        from gc_removed_layer_link as x
        where x.repository_id = l.repository_id and x.digest_id = l.path_digest_id
    )
),
revision as (
    select r.repository_id, r.digest_id, r.size_bytes, b.digest_id is not null as has_blob
    from gc_revision as r
    left join gc_stays as b on b.digest_id = r.digest_id
    where not exists (
        select 1
        from gc_removed_revision as x
        where x.repository_id = r.repository_id and x.digest_id = r.path_digest_id
    )
),
history as (
    select h.size_bytes
    from gc_tag_history as h
    where not exists (
            select 1
            from revision as r
            where r.repository_id = h.repository_id and r.digest_id = h.digest_id and r.has_blob
        )
        and not exists (
            select 1
            from gc_removed_history as x
            where x.repository_id = h.repository_id and x.tag = h.tag and x.digest_id = h.digest_id
        )
),
shard as (
    select left(split_part(d.digest, ':', 2), 2) as name, split_part(d.digest, ':', 1) as algorithm, count(s.digest_id) as blobs_count
    from store.blob as b
    join store.digest as d using (digest_id)
    left join gc_stays as s using (digest_id)
    group by all
),
leftover as (
    select
        case when is_purgeable then 'uploads, purged by servers' else 'uploads, never purged' end as kind,
        files_count,
        folders_count,
        size_bytes,
        case
            when is_purgeable then 'switch on maintenance.uploadpurging in the registry''s configuration'
            else 'remove them by hand, the registry in read-only mode: tonnage leftovers'
        end as advice
    from upload_size
    union all
    select
        'layer links to gone blobs', count(*), count(*), sum(size_bytes),
        'harmless; they only take inodes'
    from layer_link
    where not has_blob
    union all
    select
        'layer links nothing needs', count(*), count(*), sum(size_bytes),
        'harmless; a push may still make use of the blob, 3.x takes some of them with a later collection'
    from layer_link
    where has_blob and not is_used
    union all
    select
        'revisions without manifest', count(*), count(*), sum(size_bytes),
        'pulling them fails; delete their links by hand, or push the images again'
    from revision
    where not has_blob
    union all
    select 'history of gone revisions', count(*), count(*), sum(size_bytes), 'harmless; it goes with its tag'
    from history
    union all
    select 'empty folders', 0, count(*), 0, 'harmless; they only take inodes'
    from store.empty_folder
    union all
    select 'emptied layer link folders', 0, count(distinct (repository_id, digest_id)), 0, 'harmless; they only take inodes'
    from gc_removed_layer_link
    union all
    select 'emptied revision folders', 0, count(*), 0, 'harmless; they only take inodes'
    from gc_deletion
    where tag is null
    union all
    select 'emptied blob folders', 0, count(*), 0, 'harmless; they only take inodes'
    from shard
    where blobs_count = 0
    union all
    select
        'repositories without images', 0, count(*), 0,
        'they stay in the catalog; remove their folders by hand, the registry in read-only mode'
    from store.repository as p
    where not exists (select 1 from revision as r where r.repository_id = p.repository_id and r.has_blob)
    union all
    select
        case when s.path like '%.tmp' then 'crash leftovers (.tmp)' else 'stray files' end,
        count(*), 0, sum(s.size_bytes),
        'look at each: tonnage problems --severity note --kind stray'
    from store.stray as s
    where s.path not in (select path from gc_removed_file where path is not null)
    group by s.path like '%.tmp'
)
select
    kind,
    cast(files_count as bigint) as files_count,
    cast(files_count + case when $has_folders then folders_count else 0 end as bigint) as inodes_count,
    cast(size_bytes as bigint) as size_bytes,
    case
        when exists (select 1 from doubt where is_grave) then 'remove nothing before the storage is whole'
        when exists (select 1 from doubt where doubt = 'cache') then 'normal in a pull-through cache; remove nothing'
        when exists (select 1 from doubt where doubt = 'tags_elsewhere') and (select delete_untagged from gc_collector)
            then 'do not collect with -m: what is tagged elsewhere is among it'
        else advice
    end as advice
from leftover
where files_count + case when $has_folders then folders_count else 0 end > 0
order by size_bytes desc, inodes_count desc, kind;
