-- What is wanted and was read by the earlier scan already, as what it is wanted for. One row per digest.
create or replace temp table reused as
select s.digest, s.digest_id
from settled as s
join wanted as w on w.digest = s.digest
where case $action when 'manifests' then s.is_manifest else s.is_config end;
