-- Problems in layouts: no collector of the CNCF registry runs on them, and paths are those of the layouts.
update store.problem_kind set blocks_gc = null;
update store.problem set path = regexp_replace(path, '^repositories/(.*)/_manifests/revisions/([^/]+)/([^/]+)/link$', '\1/blobs/\2/\3')
where starts_with(path, 'repositories/') and contains(path, '/_manifests/revisions/') and part_id is null;
update store.problem set path = regexp_replace(path, '^repositories/(.*)/_manifests/tags/.*$', '\1/index.json')
where starts_with(path, 'repositories/') and contains(path, '/_manifests/tags/') and part_id is null;
update store.problem as x
set path = f.path
from (select digest_id, min(path) as path from store.layout_file where size_bytes > 0 group by digest_id) as f, store.digest as d
where d.digest = x.digest and f.digest_id = d.digest_id and starts_with(x.path, 'blobs/') and x.part_id is null and d.copy = 0;
