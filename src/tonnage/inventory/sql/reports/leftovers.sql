-- What the registry's garbage collection never takes. One row per kind.
-- kind: what is left over
-- size_bytes: bytes of these files
-- files_count: number of these files
-- folders_count: number of these folders, or of the folders with these files in them
-- advice: what to do about them
-- Needs: files
-- Example: tonnage leftovers
select
    kind,
    cast(size_bytes as bigint) as size_bytes,
    cast(files_count as bigint) as files_count,
    folders_count,
    case
        when exists (select 1 from doubt where is_grave) then 'remove nothing before the storage is whole'
        else advice
    end as advice
from (
    select
        'uploads' as kind,
        coalesce(sum(files_count), 0) as files_count,
        count(*) as folders_count,
        coalesce(sum(size_bytes), 0) as size_bytes,
        case
            when (select kind from source) = 'layouts' then 'zot removes them with its garbage collection, once they are older than its gcDelay'
            else 'switch on uploadpurging in the registry, or remove old ones with the registry in read-only mode'
        end as advice
    from upload
    union all
    select 'open multipart uploads', count(*), 0, coalesce(sum(size_bytes), 0), 'a lifecycle rule: AbortIncompleteMultipartUpload; no registry aborts them'
    from multipart_upload
    union all
    select 'old versions', count(*), 0, coalesce(sum(size_bytes), 0), 'a lifecycle rule: NoncurrentVersionExpiration; what a collection frees ends here'
    from old_version
    union all
    select 'dead layer links', count(*), count(*), coalesce(sum(l.size_bytes), 0), 'harmless; 71 bytes and 2 inodes each'
    from layer_link as l
    where l.is_dead
    union all
    select 'old tag history', count(*), count(*), coalesce(sum(h.size_bytes), 0), 'harmless; 71 bytes and 2 inodes each'
    from tag_history as h
    where not h.has_revision
    union all
    select 'empty folders', 0, count(*), 0, 'harmless; one inode each'
    from empty_folder
    where path not in ('blobs', 'repositories')
    union all
    select 'ghost repositories', 0, count(*), 0, 'they stay in the catalog until their folder is removed'
    from ghost
    union all
    select 'strays', count(*), 0, coalesce(sum(size_bytes), 0), 'look at each: tonnage problems --severity note --kind stray'
    from stray
) as kinds
where files_count + folders_count > 0
order by size_bytes desc, kind;
