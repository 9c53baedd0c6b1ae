-- Repositories with nothing to pull in them. One row per registry.
-- type: gauge
select case when (select has_untagged from source) then count(*) end as value
from ghost;
