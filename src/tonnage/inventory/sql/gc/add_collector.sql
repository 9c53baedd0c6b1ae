-- Say which collector it is.
insert into gc_collector values ($version, $delete_untagged);
