-- Whose money the storage is: what is shared is divided fairly among those who need it. One row per holder, and one per class of files that nobody holds.
-- $by namespace|repository|label:KEY namespace: who pays: namespaces, repositories, or the values of an image label, as label:team
-- $depth integer 1: components of a name that make a namespace
-- $price decimal 0: price of a GiB for a month; 0 is the one of --storage, if that is given
-- $storage s3-standard|s3-ia|s3-one-zone-ia|s3-glacier-ir|gcs-standard|gcs-nearline|gcs-coldline|azure-hot|azure-cool|azure-cold any: list price in US dollars of a cloud's storage class
-- holder: namespace, repository or value of the label; empty for repositories with only one component; null for files that nobody holds, and for what has no such label
-- class: held; or the class of files that nobody holds
-- cost_per_month: its part of the bill; null without a price
-- fair_bytes: its part of the bytes: each blob's size divided by the number of those who need it, which is the Shapley value
-- share_percent: its part of all bytes
-- exclusive_bytes: bytes that no other holder needs
-- stored_bytes: bytes of all it needs
-- Example: tonnage costs --by namespace --storage s3-standard
with list_price (storage, price) as (
    -- US dollars per GB and month, first tier, as listed in November 2026: aws.amazon.com/s3/pricing (us-east-1),
    -- cloud.google.com/storage/pricing (us-central1), azure.microsoft.com/pricing/details/storage/blobs (LRS, East US 2).
    -- What they bill as a GB is 2^30 bytes.
    values
        ('s3-standard', 0.023), ('s3-ia', 0.0125), ('s3-one-zone-ia', 0.01), ('s3-glacier-ir', 0.004),
        ('gcs-standard', 0.020), ('gcs-nearline', 0.010), ('gcs-coldline', 0.004),
        ('azure-hot', 0.018), ('azure-cool', 0.010), ('azure-cold', 0.0045)
),
price as (
    select case when $price > 0 then $price else (select price from list_price where storage = $storage) end as per_gib
),
needed as (
    -- Of repositories by groups of blobs that the same ones need, of labels by blobs: each once for each holder, with all its bytes.
    select distinct
        case
            when $by = 'repository' then repository
            else rtrim(regexp_replace(repository, '^((?:[^/]*/){0,' || cast(least($depth, 200) as varchar) || '}).*$', '\1'), '/')
        end as holder,
        group_name as digest,
        size_bytes
    from blob_group
    where $by in ('namespace', 'repository')
    union all
    select value, digest, size_bytes
    from label_blob
    where starts_with($by, 'label:') and name = substr($by, 7)
    union all
    select distinct null, digest, size_bytes
    from repository_blob
    where starts_with($by, 'label:') and not exists (select 1 from label where name = substr($by, 7))
),
counted as (
    select digest, count(*) as holders_count from needed group by digest
),
summed as (
    -- Whole numbers as far as they go.
    select n.holder, c.holders_count, sum(n.size_bytes) as size_bytes
    from needed as n
    join counted as c on c.digest = n.digest
    group by n.holder, c.holders_count
),
part as (
    select
        holder,
        'held' as class,
        -- Added as decimals, which come to the same in any order: else who gets the odd byte, and who is first, is chance.
        cast(sum(cast(cast(size_bytes as double precision) / holders_count as decimal(38, 6))) as double precision) as share,
        coalesce(sum(size_bytes) filter (where holders_count = 1), 0) as exclusive_bytes,
        sum(size_bytes) as stored_bytes
    from summed
    group by holder
    union all
    select null, class, size_bytes, size_bytes, size_bytes
    from class_total
    where class not in ('tagged', 'untagged') and size_bytes > 0
),
bill as (
    -- The parts are whole bytes and whole cents: who has lost the most by rounding down gets one more, until all is given.
    select
        round(sum(share)) as bytes,
        round(sum(share) * (select per_gib from price) / 1073741824 * 100) as cents
    from part
),
priced as (
    select part.*, share * (select per_gib from price) / 1073741824 * 100 as cents from part
),
ranked as (
    select
        *,
        row_number() over (order by share - floor(share) desc, stored_bytes desc, class, holder nulls last) as byte_rank,
        row_number() over (order by cents - floor(cents) desc, stored_bytes desc, class, holder nulls last) as cent_rank,
        (select bytes from bill) - sum(floor(share)) over () as bytes_left,
        (select cents from bill) - sum(floor(cents)) over () as cents_left
    from priced
)
select
    holder,
    class,
    (floor(cents) + case when cent_rank <= cents_left then 1 else 0 end) / 100 as cost_per_month,
    cast(floor(share) + case when byte_rank <= bytes_left then 1 else 0 end as bigint) as fair_bytes,
    cast(cast(round(1000 * share / nullif(sum(share) over (), 0)) as integer) / 10.0 as double precision) as share_percent,
    cast(exclusive_bytes as bigint) as exclusive_bytes,
    cast(stored_bytes as bigint) as stored_bytes
from ranked
order by ranked.share desc, class, holder nulls last;
