-- Manifests that indexes list and their repositories lack, which the registry's own collector does not see. One row.
select count(distinct digest) as manifests_count from problem where kind = 'unlinked_child';
