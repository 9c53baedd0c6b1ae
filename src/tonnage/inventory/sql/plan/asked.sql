-- Keep what was asked for, to tell in the end what of it stays and why.
create or replace temp table asked as
select repository_id, digest_id, null as tag from gone
union
select repository_id, digest_id, tag from gone_tag where digest_id is not null;
