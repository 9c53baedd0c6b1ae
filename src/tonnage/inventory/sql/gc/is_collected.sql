-- Whether what was scanned is the storage of the registry whose collector is previewed. One row.
select kind <> 'layouts' from store.source;
