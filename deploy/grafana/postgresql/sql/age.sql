-- How long ago the scan ended that the figures come from.
select cast(extract(epoch from now() at time zone 'UTC' - max(finished_at)) as double precision) as age_seconds
from "$schema".scan
