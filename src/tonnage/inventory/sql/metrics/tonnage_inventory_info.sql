-- The inventory the figures come from. One row per inventory.
-- type: gauge
-- location: what was scanned
-- schema_version: version of the tables
-- tonnage_version: version of tonnage that scanned
select location, cast(schema_version as varchar) as schema_version, tonnage_version, 1 as value
from scan
where scan_id = (select max(scan_id) from scan);
