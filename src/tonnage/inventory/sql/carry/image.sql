-- Carry what the earlier scan read: image configurations.
insert into staged_image
select s.digest, t.os, t.architecture, t.variant, t.os_version, t.created
from earlier.store.image as t
join reused as s on s.digest_id = t.config_id;
