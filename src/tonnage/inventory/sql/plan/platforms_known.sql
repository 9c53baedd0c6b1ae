-- Platforms that some image has. One row per platform.
select distinct platform from store.platform_image order by platform;
