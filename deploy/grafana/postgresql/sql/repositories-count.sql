-- Repositories in the storage.
select count(*) as repositories_count
from "$schema".repository
