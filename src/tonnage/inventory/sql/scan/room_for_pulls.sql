-- Room for when each revision was pulled last, as logs tell. One row per revision that they tell of.
create or replace temp table last_pull (repository_id integer, digest_id integer, used_at timestamp);
