-- Symbolic links that were followed, and where they lead. One row per link.
select path, detail as target from store.problem where kind = 'symlink' order by path;
