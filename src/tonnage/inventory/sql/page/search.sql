-- Repositories, tags and digests with a text in their name, the shortest name first. One row per name.
select kind, repository, tag, digest
from (
    select
        kind, repository, tag, digest, name,
        row_number() over (partition by kind order by name <> $text, length(name), name) as number
    from (
        select 'repository' as kind, repository, null as tag, null as digest, repository as name
        from store.repository
        where strpos(lower(repository), lower($text)) > 0
        union all
        select 'tag', p.repository, t.tag, null, p.repository || ':' || t.tag
        from store.tag as t
        join store.repository as p on p.repository_id = t.repository_id
        where strpos(lower(p.repository || ':' || t.tag), lower($text)) > 0
            and strpos(lower(p.repository), lower($text)) = 0
        union all
        select 'digest', null, null, d.digest, d.digest
        from store.digest as d
        join store.blob as b on b.digest_id = d.digest_id
        where d.copy = 0
            and (starts_with(d.digest, $text) or starts_with(d.digest, 'sha256:' || $text))
    ) as found
) as named
where number <= 50
order by case kind when 'repository' then 1 when 'tag' then 2 else 3 end, number;
