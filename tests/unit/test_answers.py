"""Whatever a report prints can be asked about: orphans, tags, digests, whole or cut; and a problem says whom it hits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scanning import config_of, scan_tree
from tonnage.errors import UsageError
from tonnage.formats.targets import Target, parse_target
from tonnage.inventory.database import Inventory
from tonnage.inventory.reports import builtin_reports, find_digest, run_report, run_with_head
from tonnage.planning.deletions import Deletions, nothing_is
from tonnage.sample import Builder

pytestmark = pytest.mark.slow

WHY = builtin_reports()["why"]
CUDA = "ml/notebook:cuda"


@pytest.fixture(scope="module")
def opened(demo_inventory: Path) -> Iterator[Inventory]:
    """The demo, opened once."""
    with Inventory(str(demo_inventory)) as inventory:
        yield inventory


def head(inventory: Inventory, text: str) -> dict[str, object]:
    """Return what stands above the rows of `why`."""
    _, table = run_with_head(inventory, WHY, {"digest": text})
    assert table is not None and len(table.rows) == 1
    return dict(zip(table.columns, table.rows[0], strict=True))


@pytest.mark.parametrize("klass", ["tagged", "untagged", "orphaned"])
def test_why_answers_for_every_class(klass: str, opened: Inventory) -> None:
    """Size, class, and who needs it; of what nothing needs, that."""
    rows = opened.query(
        "select digest, size_bytes, tags_count from blob_usage where class = $class order by size_bytes desc limit 1",
        {"class": klass},
    ).rows
    ((digest, size_bytes, tags_count),) = rows
    found = head(opened, digest)
    assert (found["digest"], found["size_bytes"], found["class"]) == (digest, size_bytes, klass)
    needed = str(found["needed_by"])
    expected = {"tagged": f"{tags_count} tag", "untagged": "untagged revisions", "orphaned": "nothing: a collection"}
    assert needed.startswith(expected[klass])
    assert bool(run_report(opened, WHY, {"digest": digest}).rows) == (klass != "orphaned")


def test_who_needs_a_blob_is_who_holds_it(opened: Inventory) -> None:
    """The view that says as what it is needed names the same revisions; and `why` has each of them once per tag."""
    names = "digest, repository, revision, state, kind"
    for one, other in (("need", "holder"), ("holder", "need")):
        assert opened.query(f"select {names} from {one} except select {names} from {other}").rows == []
    rows = opened.query(
        "select digest, count(*) from (select distinct digest, repository, revision, tag from need) group by digest"
        " order by count(*) desc, digest limit 3"
    ).rows
    assert rows[0][1] > 3
    for digest, holders_count in rows:
        assert len(run_report(opened, WHY, {"digest": digest}).rows) == holders_count


def test_the_head_of_why_says_what_the_view_of_layers_says(opened: Inventory) -> None:
    """The oldest image that holds a layer tells the step that made it."""
    layers = opened.query("select digest, created_by from layer order by references_count desc, digest limit 5").rows
    assert [(digest, head(opened, digest)["created_by"]) for digest, _ in layers] == layers


@pytest.mark.parametrize("cut", ["{}", "sha256:{}", "{}…", "{}...", "ml/notebook@sha256:{}", "{}~"])
def test_a_digest_is_taken_as_it_is_printed(cut: str, opened: Inventory) -> None:
    """With or without its algorithm, cut with an ellipsis, behind its repository; and a tag leads to its digest."""
    whole = find_digest(opened, CUDA)
    assert find_digest(opened, cut.format(whole[7:19])) == whole
    deletions = Deletions(opened)
    assert deletions.add_all([parse_target(cut.format(whole[7:19]))]) == []
    deletions.settle()
    assert deletions.totals().revisions_count == 1


def test_the_beginning_of_several_is_refused(opened: Inventory) -> None:
    """Nothing is deleted that was not named."""
    with pytest.raises(UsageError, match="several revisions begin with"):
        Deletions(opened).add_all([Target("*", digest="sha256:")])


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("shop/serch", "did you mean `shop/search`?"),
        ("ml/notebook:cudaa", "did you mean `cuda`?"),
        ("library/debian:none-such", "there are: 12, 12-20260106"),
        ("f15609d693a1", "tonnage why sha256:f15609d693a1"),
    ],
)
def test_what_is_not_there_may_be_meant_otherwise(text: str, hint: str, opened: Inventory) -> None:
    """A name that is close; a layer, which goes with its images."""
    (missing,) = Deletions(opened).add_all([parse_target(text)])
    assert hint in nothing_is(missing, opened)[1]


def test_a_problem_says_whom_it_hits(registry: Builder, tmp_path: Path) -> None:
    """Tags that need what is lost, through an index too; the tag whose link is bad; else the repository."""
    app, other = registry.repository("app"), registry.repository("other")
    lost = registry.layer(b"lost")
    images = [app.image([lost], tag=f"t{number}") for number in range(4)]
    app.index([images[0]], tag="index")
    alone = other.image([registry.layer(b"kept")], tag="1")
    other.tag("bad", alone.digest)
    other.tag_link("bad").write_bytes(b"")
    registry.blob_path(lost.digest).unlink()
    registry.blob_path(config_of(registry, alone)).unlink()
    scan_tree(registry.root, tmp_path / "it.duckdb")
    with Inventory(str(tmp_path / "it.duckdb")) as opened:
        table = run_report(opened, builtin_reports()["problems"], {"severity": "error"})
        asked = opened.query("select count(*) from problem where severity = 'error'").rows
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    hits = {(row["kind"], row["digest"]): row["hits"] for row in rows}
    assert hits["missing_blob", lost.digest] == "app:index, app:t3 and 3 more"
    assert hits["missing_blob", config_of(registry, alone)] == "other:1"
    assert {row["hits"] for row in rows if row["kind"] == "empty_tag_link"} == {"other:bad"}
    assert all(row["advice"] for row in rows)
    assert asked == [(len(rows),)]
