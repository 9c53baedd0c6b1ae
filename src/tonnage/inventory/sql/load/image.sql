-- Image configurations.
insert into store.image
select
    d.digest_id, i.os, i.architecture, i.variant, i.os_version, i.created, try_cast(i.created as timestamptz) at time zone 'UTC'
from staged_image as i
join numbered as d on d.staged_id = i.config_digest
order by d.digest_id;
