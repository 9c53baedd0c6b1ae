-- Digests of uncompressed layers.
insert into store.diff_id
select config_digest, position, diff_id
from arrived;
