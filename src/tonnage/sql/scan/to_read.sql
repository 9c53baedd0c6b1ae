-- What is wanted and has to be read, with its place where that is not where a registry keeps it. One row per digest.
select d.digest, min(f.path) as path
from wanted as w
join staged_digest as d on d.staged_id = w.digest
left join staged_layout_file as f on f.digest = w.digest and f.size_bytes > 0
where w.digest not in (select digest from settled)
group by d.digest
order by d.digest;
