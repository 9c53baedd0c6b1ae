-- Whether there are blobs whose name is a digest. One row.
select exists (select 1 from store.blob where digest_id not in (select digest_id from gc_odd_digest));
