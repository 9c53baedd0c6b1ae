-- Annotations of manifests.
insert into store.annotation
select digest, name, value
from arrived;
