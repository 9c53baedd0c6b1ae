-- Repositories that staged rows name, numbered in the order of their names.
insert into store.repository (repository_id, repository)
select row_number() over (order by text) - 1, text
from named
where text is not null;
