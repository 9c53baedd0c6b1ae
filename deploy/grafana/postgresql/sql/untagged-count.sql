-- Manifests that no tag leads to. tonnage untagged
select case when count(*) = count(untagged_count) then coalesce(sum(untagged_count), 0) end as revisions_count
from "$schema".repository_usage
