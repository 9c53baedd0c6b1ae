-- Digests that staged rows name, numbered in the order of their texts.
insert into store.digest
select row_number() over (order by text) - 1, text, 0
from named
where text is not null;
