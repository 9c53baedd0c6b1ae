-- Links the registry itself never reads: schema 1 signatures, referrer indexes of forks. One row per link.
create table store.extra_link (
    kind varchar not null,
    repository_id integer not null,
    digest_id integer not null,
    path varchar not null,
    size_bytes bigint not null,
    content_id integer,
    part_id integer not null
);
comment on table store.extra_link is 'Links the registry itself never reads: schema 1 signatures, referrer indexes of forks. One row per link.';
comment on column store.extra_link.kind is 'signature or referrer.';
comment on column store.extra_link.repository_id is 'Repository.';
comment on column store.extra_link.digest_id is 'Signature: the revision it belongs to. Referrer: the digest its path ends in.';
comment on column store.extra_link.path is 'Path below v2/.';
comment on column store.extra_link.size_bytes is 'Size of the link file in bytes.';
comment on column store.extra_link.content_id is 'Signature: the digest its link holds, as the collectors read it; null where it holds none.';
comment on column store.extra_link.part_id is 'Part of the storage it was listed with.';
