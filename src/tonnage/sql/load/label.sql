-- Labels of images.
insert into store.label
select d.digest_id, l.name, l.value from staged_label as l join store.digest as d on d.digest = l.config_digest
order by d.digest_id, l.name;
