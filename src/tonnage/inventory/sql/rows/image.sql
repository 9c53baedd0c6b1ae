-- Image configurations.
insert into store.image
select config_digest, os, architecture, variant, os_version, created, try_cast(created as timestamptz) at time zone 'UTC'
from arrived;
