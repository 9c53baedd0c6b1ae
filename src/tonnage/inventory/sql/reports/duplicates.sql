-- Content stored more than once: the same bytes under several digests, compressed differently. One row per uncompressed content.
-- Example: tonnage duplicates --csv
select diff_id, copies_count, wasted_bytes, stored_bytes, digests
from duplicate
order by wasted_bytes desc, diff_id;
