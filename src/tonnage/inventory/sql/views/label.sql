-- Labels of images. One row per label.
create or replace view label as
select
    d.digest as config_digest,
    t.name,
    t.value
from store.label as t
join store.digest as d on d.digest_id = t.config_id and d.copy = 0;
comment on view label is 'Labels of images. One row per label.';
comment on column label.config_digest is 'Digest of the image configuration.';
comment on column label.name is 'Name of the label.';
comment on column label.value is 'Its value.';
