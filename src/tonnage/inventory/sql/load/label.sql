-- Labels of images.
insert into store.label
select d.digest_id, l.name, l.value from staged_label as l join numbered as d on d.staged_id = l.config_digest
order by d.digest_id, l.name;
