-- Digests of the uncompressed layers of images. One row per image configuration and layer.
create or replace view diff_id as
select
    d.digest as config_digest,
    t.position,
    f.digest as diff_id
from store.diff_id as t
join store.digest as d on d.digest_id = t.config_id and d.copy = 0
join store.digest as f on f.digest_id = t.diff_id;
comment on view diff_id is 'Digests of the uncompressed layers of images. One row per image configuration and layer.';
comment on column diff_id.config_digest is 'Digest of the image configuration.';
comment on column diff_id.position is 'Position of the layer from 0.';
comment on column diff_id.diff_id is 'Digest of the layer''s uncompressed content: equal content, equal digest, however it was compressed.';
