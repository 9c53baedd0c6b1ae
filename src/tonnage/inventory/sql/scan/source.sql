-- What is read, and what can be known that way.
insert into store.source values ($kind, $has_untagged, $has_files, $has_stored_sizes, $listed_at, false, $whole_bytes);
