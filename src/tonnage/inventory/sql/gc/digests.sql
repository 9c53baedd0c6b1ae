-- All digests and their numbers. One row per digest.
select digest_id, digest from store.digest;
