-- Take over image configurations in `reused`.
insert into store.image from earlier.store.image where config_id in (from reused);
insert into store.label from earlier.store.label where config_id in (from reused);
insert into store.history from earlier.store.history where config_id in (from reused);
insert into store.diff_id from earlier.store.diff_id where config_id in (from reused);
