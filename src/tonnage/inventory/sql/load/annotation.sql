-- Annotations of manifests.
insert into store.annotation
select d.digest_id, a.name, a.value from staged_annotation as a join numbered as d on d.staged_id = a.digest
order by d.digest_id, a.name;
