-- Signs that tags are kept elsewhere: almost no tags while revisions abound. One row.
select
    (select count(*) from store.tag where digest_id is not null) as tags_count,
    (select count(*) from store.revision_state) as revisions_count,
    (select count(*) from store.manifest as m where m.kind = 'unreadable') as unreadable_count;
