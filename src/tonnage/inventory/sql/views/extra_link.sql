-- Links the registry itself never reads: schema 1 signatures, referrer indexes of forks. One row per link.
create or replace view extra_link as
select
    t.kind,
    p.repository,
    d.digest,
    t.path,
    t.size_bytes
from store.extra_link as t
join store.repository as p on p.repository_id = t.repository_id
join store.digest as d on d.digest_id = t.digest_id;
comment on view extra_link is 'Links the registry itself never reads: schema 1 signatures, referrer indexes of forks. One row per link.';
comment on column extra_link.kind is 'signature or referrer.';
comment on column extra_link.repository is 'Repository.';
comment on column extra_link.digest is 'Signature: the revision it belongs to. Referrer: the digest its path ends in.';
comment on column extra_link.path is 'Path below v2/.';
comment on column extra_link.size_bytes is 'Size of the link file in bytes.';
