-- Keep of each digest the first repository that marks it.
create or replace temp table gc_mark as
select digest_id, min(rank) as rank from gc_mark group by digest_id;
