-- Layer links that the collection removes, by the digest in their path. One row per link.
create or replace temp table gc_removed_layer_link (repository_id integer, digest_id integer);
