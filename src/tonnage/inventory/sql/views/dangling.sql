-- Links that name what is not there. One row per link.
create or replace view dangling as
select kind, path, repository, digest
from problem
where kind in ('revision_without_blob', 'tag_without_revision', 'tag_without_current', 'dead_layer_link', 'missing_blob', 'missing_child');
comment on view dangling is 'Links that name what is not there. One row per link.';
comment on column dangling.kind is 'What is missing; problem_kind explains it.';
comment on column dangling.path is 'Path of the link below v2/.';
comment on column dangling.repository is 'Repository.';
comment on column dangling.digest is 'Digest that is not there.';
