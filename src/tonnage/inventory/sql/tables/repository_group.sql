-- Which repositories need the blobs of each group: a group is what exactly the same repositories need. One row per repository and group.
create table store.repository_group (repository_id integer not null, group_id integer not null);
comment on table store.repository_group is 'Which repositories need the blobs of each group: a group is what exactly the same repositories need. One row per repository and group.';
comment on column store.repository_group.repository_id is 'Repository.';
comment on column store.repository_group.group_id is 'Number of the group: the lowest of its blobs.';
