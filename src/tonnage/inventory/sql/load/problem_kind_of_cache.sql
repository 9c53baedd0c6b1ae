-- What the kinds mean in a pull-through cache: it fetches whatever is missing, nobody pushes to it, and blobs expire.
-- Only where there is: store.problem where kind = 'pull_through_cache'
update store.problem_kind as k
set
    severity = case when n.kind is null then k.severity else 'note' end,
    advice = case
        when n.kind is null then 'Stop the cache, remove what the path names, and start it: it fetches it again.'
        else 'None needed: the cache fetches it again when somebody pulls it.'
    end
from store.problem_kind as every
left join (
    values ('missing_blob'), ('missing_child'), ('revision_without_blob'), ('tag_without_revision'),
        ('tag_without_current'), ('unlinked_blob'), ('unlinked_child')
) as n (kind) on n.kind = every.kind
where every.kind = k.kind
    and exists (select 1 from store.problem where kind = 'pull_through_cache')
    and (n.kind is not null or every.severity <> 'note' and regexp_matches(every.advice, '[Pp]ush'));
