-- The numbers of an earlier inventory go on: what is taken over from it is named by them. No inventory over HTTP has copies.
insert into store.digest from earlier.store.digest;
