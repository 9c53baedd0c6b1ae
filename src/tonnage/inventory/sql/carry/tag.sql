-- Carry what the earlier scan listed in parts that did not change: tags that have a link; the others follow from folders.
insert into staged_tag
select p.repository, t.tag, d.staged_id, t.size_bytes, epoch_us(t.modified_at), c.part_id
from earlier.store.tag as t
join carried as c on c.earlier_id = t.part_id
join earlier.store.repository as p using (repository_id)
left join known as d using (digest_id)
where t.has_link;
