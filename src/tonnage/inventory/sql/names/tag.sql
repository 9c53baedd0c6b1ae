-- What `--tag` may name, in whatever repository. One row per name of a tag.
select distinct tag as name from tag order by tag;
