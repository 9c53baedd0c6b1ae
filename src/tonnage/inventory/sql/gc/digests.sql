-- All digests, in the order of their numbers. One row per digest.
select digest from store.digest order by digest_id;
