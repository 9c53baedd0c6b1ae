-- Manifests that no tag leads to. tonnage untagged
select case when (select has_untagged from "$schema".source) then count(*) end as revisions_count
from "$schema".untagged
