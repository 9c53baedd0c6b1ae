-- The rules by which a collection breaks what is in use, in words. One row per rule.
create or replace temp table gc_rule as
select * from (values
    (1, 'no _layers', '2.x sees no repository where there is no folder _layers'),
    (2, 'hidden', 'the collector does not come to its repository: a plain file _… beside or before it hides it'),
    (3, 'index child', '2.x -m does not look into indexes: a child without a tag of its own goes'),
    (4, 'foreign child', 'an index lists it, but its own repository has no revision of it: the collector does not follow'),
    (5, 'walk order', '3.x does not look into a manifest again that a repository before it has marked'),
    (6, 'layer link order', '3.x judges a layer link by what is marked by then; a later repository marks it too late'),
    (7, 'sha512', 'the manifest names it by sha512, and it is stored and collected by its sha256 digest'),
    (8, 'referrer', 'it has no tag, and that it is about an image that stays counts for nothing'),
    (9, 'link', 'its revision link does not lead the collector to it')
) as r(number, rule, words);
