-- Declared size of the layers of the tag in bytes, the config not counted. One row per repository and tag.
-- type: gauge
select repository, tag, declared_bytes as value
from tag_layers
where layers_count is not null
order by repository, tag;
