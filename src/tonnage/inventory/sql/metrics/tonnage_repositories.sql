-- Repositories in the storage. One row per registry.
-- type: gauge
select count(*) as value
from repository;
