-- Tags, those that cannot be pulled completely, and what there is to be tagged. One row.
select
    (select count(*) from tag) as tags_count,
    (select count(*) from broken_tag) as broken_count,
    (select count(*) from revision) as revisions_count,
    (select has_given_tags from source) as has_given_tags;
