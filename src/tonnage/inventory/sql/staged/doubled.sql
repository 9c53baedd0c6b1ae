-- What is read once and is in staged rows twice, as where the work of a lost process was kept beside its repetition.
-- One row at most.
select type, name
from (
    select 'Part' as type, part as name from staged_part where part is not null
    union all select 'Manifest', digest from staged_manifest where digest is not null
    union all select 'Image', config_digest from staged_image where config_digest is not null
)
group by all
having count(*) > 1
order by all
limit 1;
