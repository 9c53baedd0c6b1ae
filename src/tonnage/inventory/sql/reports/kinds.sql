-- What the bytes are: images, build caches, charts, models, signatures, and what nobody knows. One row per type.
-- advice: what makes this type grow, where that is to be seen
-- Example: tonnage kinds
select
    t.type,
    t.exclusive_bytes,
    t.untagged_bytes,
    t.revisions_count,
    case
        when t.type = 'cache' and t.untagged_count > 0
            then 'each build pushes a new cache to the same tag: ' || t.untagged_count
                || ' former ones are untagged; plan --untagged deletes them'
        when t.untagged_count > t.revisions_count / 2
            then 'most of these are former ones of tags that moved on: tonnage untagged'
    end as advice,
    t.shared_bytes,
    t.stored_bytes,
    t.untagged_count
from type_usage as t
order by t.exclusive_bytes desc, t.type;
