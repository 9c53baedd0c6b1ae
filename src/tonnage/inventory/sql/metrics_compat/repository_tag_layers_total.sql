-- Number of layers of the tag, as its manifest lists them; of an index, the distinct ones of its children. One row per repository and tag.
-- type: gauge
select repository, tag, layers_count as value
from tag_layers
where layers_count is not null
order by repository, tag;
