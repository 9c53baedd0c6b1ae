-- Stored bytes that only images of a platform need: what dropping it everywhere would free. One row per platform.
-- type: gauge
-- os_arch: operating system, architecture and variant
select platform as os_arch, exclusive_bytes as value
from platform_usage
order by platform;
