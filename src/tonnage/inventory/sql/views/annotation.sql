-- Annotations of manifests and indexes. One row per annotation.
create or replace view annotation as
select
    d.digest,
    t.name,
    t.value
from store.annotation as t
join store.digest as d on d.digest_id = t.digest_id and d.copy = 0;
comment on view annotation is 'Annotations of manifests and indexes. One row per annotation.';
comment on column annotation.digest is 'Digest of the manifest.';
comment on column annotation.name is 'Name of the annotation.';
comment on column annotation.value is 'Its value.';
