-- What is read is as it was, and may have been listed at another time: a newer inventory report.
update store.source set listed_at = $listed_at;
