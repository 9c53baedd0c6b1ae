-- Tags in all repositories.
select count(*) as tags_count
from "$schema".tag
