-- The collector that is replayed. One row.
create or replace temp table gc_collector (version integer, delete_untagged boolean);
