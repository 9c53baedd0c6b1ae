-- What only revisions need that no tag leads to; a collection with --delete-untagged takes it. tonnage untagged
select size_bytes
from "$schema".class_total
where class = 'untagged'
