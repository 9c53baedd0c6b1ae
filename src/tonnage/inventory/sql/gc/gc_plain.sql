-- Repositories of the walk in which nothing is odd: what the collector does there follows from their rows. One row per
-- repository.
create or replace temp table gc_plain as
select rank, repository_id from gc_place where repository_id not in (select repository_id from gc_odd);
