"""What an inventory cannot know is null, `?` or refused, and never 0: here the registry's files were not listed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from scanning import answer, scan_tree
from tonnage.cli import main
from tonnage.errors import NotKnownError
from tonnage.formats.quoting import literal
from tonnage.gc.preview import preview
from tonnage.inventory.database import Inventory, connect
from tonnage.inventory.reports import builtin_reports, run_report
from tonnage.plan import read_plan
from tonnage.sample import Builder
from tonnage.show.card import card
from tonnage.show.verdict import facts_of

pytestmark = pytest.mark.slow

UNKNOWN_CLASSES = ["links", "orphaned", "strays", "untagged", "uploads"]


@pytest.fixture
def remote(registry: Builder, tmp_path: Path) -> Path:
    """An inventory of two images, which says of itself that it was read over HTTP."""
    base = registry.layer(size_bytes=5_000, seed="base")
    registry.repository("app").image([base, registry.layer(b"one")], tag="1")
    registry.repository("web").image([base, registry.layer(b"two")], tag="1")
    path = tmp_path / "remote.duckdb"
    scan_tree(registry.root, path)
    connection = connect()
    connection.execute(f"attach {literal(str(path))} as inventory")
    connection.execute("update inventory.store.source set kind = 'registry', has_untagged = false, has_files = false")
    connection.close()
    return path


def test_classes_that_are_unknown_are_null(remote: Path) -> None:
    """They are in the list, so that a sum over all of them is seen to lack something."""
    rows = answer(remote, "select class, files_count, size_bytes from class_total order by class")
    assert [row for row in rows if row[0] != "tagged"] == [(name, None, None) for name in UNKNOWN_CLASSES]
    assert all(value > 0 for name, *values in rows if name == "tagged" for value in values)


def test_counts_of_what_no_tag_leads_to_are_null(remote: Path) -> None:
    """Of a repository neither its untagged revisions are known, nor how many it has in all."""
    assert answer(remote, "select untagged_count, revisions_count from repository_usage") == [(None, None)] * 2
    assert answer(remote, "select unreferenced_bytes, stored_bytes from accounting") == [(None, None)] * 4
    assert answer(remote, "select repository from ghost") == []


@pytest.mark.parametrize("name", ["untagged", "orphans", "uploads", "leftovers"])
def test_a_report_of_the_unknown_is_refused(remote: Path, name: str) -> None:
    """No rows would read as none."""
    with Inventory(str(remote)) as inventory, pytest.raises(NotKnownError, match="unknown in an inventory"):
        run_report(inventory, builtin_reports()[name], {})


def test_the_card_says_what_is_unknown(remote: Path) -> None:
    """In its headline, with question marks, and of the collection."""
    with Inventory(str(remote)) as inventory:
        text = card(facts_of(inventory, None))
    assert "Unknown: the bytes on the disk, untagged revisions, orphaned blobs, uploads" in " ".join(text.split())
    assert ["orphaned", "?", "?", "?"] in [line.split() for line in text.splitlines()]
    assert "would free is unknown" in text and "tonnage untagged" not in text


def test_a_collection_is_not_previewed(remote: Path) -> None:
    """It is files that the collector works on."""
    with Inventory(str(remote)) as inventory, pytest.raises(NotKnownError, match="garbage collection"):
        preview(inventory, 2)


def test_a_plan_by_name_tells_bounds(remote: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is freed is at most so much, and only of what tags lead to; what the collectors do is not predicted."""
    path = tmp_path / "plan.json"
    with pytest.raises(SystemExit) as ended:
        main(["plan", "app", "-i", str(remote), "-o", str(path), "--explain"])
    plan = read_plan(path.read_bytes())
    assert ended.value.code == 0
    assert [(p.collector, p.is_at_most) for p in plan.predictions] == [("safe", True)]
    assert 0 < plan.predictions[0].freed_bytes < 5_000
    assert plan.source.stored_bytes is not None and "untagged revisions" in plan.source.unknown
    assert any("untagged revisions too" in note for note in plan.notes)
    assert "safe, at most" in capsys.readouterr().out


@pytest.mark.parametrize("call", [["plan", "--free", "1", "-o", "-"], ["gc", "--registry", "2"]])
def test_what_needs_more_ends_with_its_own_exit_code(remote: Path, call: list[str]) -> None:
    """12, and a hint what to scan instead."""
    with pytest.raises(SystemExit) as ended:
        main([*call, "-i", str(remote)])
    assert ended.value.code == 12


def test_what_if_tells_bounds(remote: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In words, and as JSON, where what is orphaned is null."""
    for form in ([], ["--json"]):
        with pytest.raises(SystemExit):
            main(["what-if", "app", "-i", str(remote), *form])
    text, _, document = capsys.readouterr().out.partition("[\n")
    assert "freed at most: nothing else that a tag leads to needs it" in text and re.search(
        r"unknown  .*orphaned already", text
    )
    [row] = json.loads("[" + document)
    assert (row["is_at_most"], row["orphaned_bytes"]) == (True, None)
