-- Parts as they were found. One row per part.
select part_id, part, '', fingerprint, files_count, null
from part_number
order by part_id;
