-- What only revisions need that no tag leads to; a collection with --delete-untagged takes it. tonnage untagged
select
    case
        when (select has_untagged from "$schema".source) and count(*) = count(size_bytes) then coalesce(sum(size_bytes), 0)
    end as size_bytes
from "$schema".class_total
where class = 'untagged'
