-- Whether the storage is not to be believed as it is, 1 or 0. One row per doubt.
-- type: gauge
-- doubt: blobs_missing, repositories_missing, repositories_vanished (most of those of the scan before), shrunk (less than half of the revisions or tags of the scan before), tags_elsewhere, or cache (a pull-through cache)
select k.doubt, case when exists (select 1 from doubt as d where d.doubt = k.doubt) then 1 else 0 end as value
from (values ('blobs_missing'), ('repositories_missing'), ('repositories_vanished'), ('shrunk'), ('tags_elsewhere'), ('cache')) as k (doubt)
order by k.doubt;
