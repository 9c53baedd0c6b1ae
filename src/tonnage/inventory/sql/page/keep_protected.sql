-- Keep what stays whoever names it, worked out once for all baskets.
create or replace table memory.kept.protected as
select repository_id, digest_id, reason from protected;
