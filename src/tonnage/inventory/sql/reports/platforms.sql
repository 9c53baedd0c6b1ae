-- Platforms by the bytes only they need: what dropping one everywhere would free; of several, what-if --platform. One row per platform.
-- Example: tonnage platforms
select
    platform,
    exclusive_bytes,
    shared_bytes,
    stored_bytes,
    images_count
from platform_usage
order by exclusive_bytes desc, platform;
