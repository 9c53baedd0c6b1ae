"""What is worked out once for all reports, or by numbers: the same by way of other views, one digest at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from randomtrees import NOWHERE, random_registry
from scanning import config_of, scan_tree
from tonnage.inventory.database import Inventory
from tonnage.sample import documents

pytestmark = pytest.mark.slow

PAIRS = {
    "what each repository needs": (
        "select repository, digest, size_bytes from repository_blob",
        "select distinct h.repository, h.digest, u.size_bytes from holder as h join blob_usage as u on u.digest = h.digest",
    ),
    "what a group is needed by": (
        "select repository, sum(blobs_count), sum(size_bytes) from blob_group group by repository",
        "select repository, count(*), sum(size_bytes) from repository_blob group by repository",
    ),
    "in how many groups each blob is": (
        """select coalesce(sum(blobs_count), 0), sum(size_bytes)
        from (select distinct group_name, blobs_count, size_bytes from blob_group)""",
        "select count(*), sum(size_bytes) from blob_usage where repositories_count > 0",
    ),
    "since when nobody used it": (
        "select digest, size_bytes, unused_since_at from blob_use",
        """select h.digest, any_value(b.size_bytes), if(count(*) = count(u.unused_since_at), max(u.unused_since_at), null)
        from holder as h
        join revision_usage as u on u.repository = h.repository and u.digest = h.revision
        join blob as b on b.digest = h.digest
        group by h.digest""",
    ),
    "fair shares": (
        "select namespace, round(fair_share_bytes, 3) from namespace_usage where fair_share_bytes is not null",
        """with needed as (
            select distinct r.namespace, b.digest, b.size_bytes
            from repository_blob as b join repository as r on r.repository = b.repository
        )
        select namespace, round(sum(size_bytes / holders_count), 3)
        from needed join (select digest, count(*) as holders_count from needed group by digest) using (digest)
        group by namespace""",
    ),
    "content stored twice": (
        "select diff_id, copies_count, wasted_bytes, stored_bytes, digests from duplicate",
        """with stored as (
            select distinct i.diff_id, f.stored_as as digest, f.stored_bytes
            from manifest_ref as f
            join manifest as m on m.digest = f.parent
            join diff_id as i on i.config_digest = m.config_digest and i.position = f.position
            where f.role = 'layer' and f.stored_bytes is not null
        )
        select diff_id, count(*), sum(stored_bytes) - min(stored_bytes), sum(stored_bytes),
            string_agg(digest, ' ' order by stored_bytes, digest)
        from stored group by diff_id having count(*) > 1""",
    ),
    "dead links": (
        "select repository, digest from layer_link where is_dead",
        "select repository, digest from layer_link where digest not in (select digest from blob)",
    ),
    "history without a revision": (
        "select repository, tag, digest from tag_history where not has_revision",
        "select h.repository, h.tag, h.digest from tag_history as h anti join revision as r using (repository, digest)",
    ),
    "images of a platform": (
        "select platform, images_count from platform_usage",
        """select p.platform, count(distinct p.digest)
        from platform_image as p join manifest_blob as n on n.manifest = p.digest group by p.platform""",
    ),
}
"""What a view says, and the same by way of other views, one digest at a time."""


@pytest.fixture(scope="module")
def inventories(demo_inventory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Inventory]]:
    """The demo's, and that of a random registry with a layer stored in two ways and a link to nothing."""
    folder = tmp_path_factory.mktemp("derived")
    registry = random_registry(Random(3), folder / "registry")
    repo = registry.repository("twice")
    packed, otherwise = registry.layer(b"packed"), registry.layer(b"packed otherwise")
    image = repo.image([packed])
    config = registry.blob(registry.blob_path(config_of(registry, image)).read_bytes(), documents.OCI_CONFIG)
    repo.image([otherwise], config=config)
    repo.link(repo.layer_link(NOWHERE.digest), NOWHERE.digest)
    scan_tree(registry.root, folder / "tonnage.duckdb")
    with Inventory(str(demo_inventory)) as demo, Inventory(str(folder / "tonnage.duckdb")) as odd:
        yield [demo, odd]


@pytest.mark.parametrize("what", PAIRS)
def test_a_figure_is_the_same_by_another_way(what: str, inventories: list[Inventory]) -> None:
    """And not of nothing: at least one of the registries has such rows."""
    one, other = ([sorted(opened.query(sql).rows, key=repr) for opened in inventories] for sql in PAIRS[what])
    assert one == other
    assert any(one)
