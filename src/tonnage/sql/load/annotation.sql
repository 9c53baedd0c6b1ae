-- Annotations of manifests.
insert into store.annotation
select d.digest_id, a.name, a.value from staged_annotation as a join store.digest as d using (digest)
order by d.digest_id, a.name;
