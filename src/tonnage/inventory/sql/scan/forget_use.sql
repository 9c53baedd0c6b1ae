-- When revisions were last used is worked out anew.
delete from store.last_use;
