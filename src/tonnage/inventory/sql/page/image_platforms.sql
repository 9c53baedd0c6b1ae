-- What an index lists, attestations last. One row per manifest.
select
    d.digest,
    case when i.config_id is not null then i.os || '/' || i.architecture || coalesce('/' || i.variant, '')
        else f.os || '/' || f.architecture || coalesce('/' || f.variant, '')
    end as platform,
    coalesce(f.reference_type = 'attestation-manifest', false) as is_attestation,
    coalesce(m.kind, 'missing') as kind,
    cast(coalesce(x.size_bytes, 0) as bigint) as size_bytes,
    f.child_id as digest_id
from store.manifest_ref as f
join store.digest as d on d.digest_id = f.child_id
left join store.manifest as m on m.digest_id = f.child_id
left join store.image as i on i.config_id = m.config_id
left join (
    select r.root_id, sum(u.size_bytes) as size_bytes
    from store.reach as r
    join store.usage as u on u.blob_id = r.blob_id
    where r.root_id in (select child_id from store.manifest_ref where parent_id = $digest_id and role = 'manifest')
    group by r.root_id
) as x on x.root_id = f.child_id
where f.parent_id = $digest_id and f.role = 'manifest'
order by is_attestation, f.position;
