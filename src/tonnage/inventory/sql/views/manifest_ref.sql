-- What manifests refer to. One row per reference, in the order of the document per role.
create or replace view manifest_ref as
select
    a.digest as parent,
    t.role,
    t.position,
    c.digest as child,
    s.digest as stored_as,
    t.size_bytes,
    b.size_bytes as stored_bytes,
    t.media_type,
    t.os,
    t.architecture,
    t.variant,
    t.os_version,
    t.has_urls,
    t.reference_type
from store.manifest_ref as t
join store.digest as a on a.digest_id = t.parent_id and a.copy = 0
join store.digest as c on c.digest_id = t.child_id
left join (
    select
        a.digest_id,
        a.stored_id,
        row_number() over (partition by a.digest_id order by d.digest, a.stored_id) as place
    from store.alias as a
    join store.digest as d on d.digest_id = a.stored_id
) as o on o.digest_id = t.child_id and o.place = 1
left join store.blob as b on b.digest_id = coalesce(o.stored_id, t.child_id)
left join store.digest as s on s.digest_id = b.digest_id;
comment on view manifest_ref is 'What manifests refer to. One row per reference, in the order of the document per role.';
comment on column manifest_ref.parent is 'Digest of the manifest.';
comment on column manifest_ref.role is 'config, layer, manifest (child of an index), index blob, artifact blob, subject.';
comment on column manifest_ref.position is 'Position from 0 within its list.';
comment on column manifest_ref.child is 'Digest it refers to.';
comment on column manifest_ref.stored_as is 'Digest under which that is stored: another for a layer pushed by its sha512 digest; null where it is not there.';
comment on column manifest_ref.size_bytes is 'Declared size in bytes: the writer''s claim, which nobody verifies.';
comment on column manifest_ref.stored_bytes is 'Stored size in bytes; null where it is not there.';
comment on column manifest_ref.media_type is 'Declared media type.';
comment on column manifest_ref.os is 'Operating system of an index''s child.';
comment on column manifest_ref.architecture is 'Architecture of an index''s child.';
comment on column manifest_ref.variant is 'Variant of the architecture.';
comment on column manifest_ref.os_version is 'Version of the operating system (Windows).';
comment on column manifest_ref.has_urls is 'Whether the content may be had elsewhere: a foreign layer, which is usually not stored.';
comment on column manifest_ref.reference_type is 'vnd.docker.reference.type of an index''s child: attestation-manifest for what buildx adds.';
