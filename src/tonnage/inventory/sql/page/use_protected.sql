-- Protect in a set of deletions what was kept as protected.
insert into protected
select repository_id, digest_id, reason from memory.kept.protected;
