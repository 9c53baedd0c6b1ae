-- Annotations of manifests.
insert into store.annotation
select digest, name, value from staged_annotation;
