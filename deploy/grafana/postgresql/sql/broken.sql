-- Tags that cannot be pulled completely. tonnage problems --severity error
select count(*) as tags_count
from "$schema".broken_tag
