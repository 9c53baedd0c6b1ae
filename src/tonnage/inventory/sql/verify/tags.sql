-- Tags that were to be deleted and are still there. One row per repository and tag.
select t.repository, t.tag, t.digest
from tag as t
join (select unnest($repositories) as repository, unnest($tags) as tag) as i
    on i.repository = t.repository and i.tag = t.tag
order by t.repository, t.tag;
