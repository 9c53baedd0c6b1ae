-- Repositories with nothing to pull in them. One row per registry.
-- type: gauge
select count(*) as value
from ghost;
