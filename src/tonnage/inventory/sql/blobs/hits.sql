-- Whom a damaged blob hits: tags whose image needs it, the first, the last, and how many there are. One row.
select
    count(*) as tags_count,
    min(t.repository || ':' || t.tag) as first_tag,
    max(t.repository || ':' || t.tag) as last_tag
from (select distinct repository, revision from holder where digest = $digest) as h
join tag as t on t.repository = h.repository and t.digest = h.revision;
