-- Empty what is worked out again from all there is.
delete from store.alias;
delete from store.deletion;
delete from store.goes_with;
delete from store.hold;
delete from store.layer_step;
delete from store.pin;
delete from store.problem_kind;
delete from store.reach;
delete from store.referrer_tag;
delete from store.repository_group;
delete from store.revision_state;
delete from store.source;
delete from store.part;
delete from store.upload;
delete from store.usage;
delete from store.tag where not has_link;
delete from store.problem where part_id is null;
update store.problem set kind = 'stray' where kind = 'file_as_folder';
