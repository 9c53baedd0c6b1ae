-- Blobs that were to be freed and are still there, and why. One row per blob.
select
    b.digest,
    b.size_bytes,
    case
        when b.class <> 'orphaned' then 'needed again'
        when b.is_pinned then 'a manifest that cannot be read may need it'
        else 'not collected: nothing needs it'
    end as cause,
    (
        select min(h.repository || coalesce(':' || t.tag, '@' || h.revision))
        from holder as h
        left join tag as t on t.repository = h.repository and t.digest = h.revision
        where h.digest = b.digest
    ) as example
from blob_usage as b
where b.digest in (select unnest($digests))
order by b.size_bytes desc, b.digest;
