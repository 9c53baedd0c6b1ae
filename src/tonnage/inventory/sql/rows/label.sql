-- Labels of images.
insert into store.label
select config_digest, name, value
from arrived;
