"""The card: a verdict, the gravest first, and what to do next; one screen on a terminal of 80 by 24."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scanning import scan_tree
from tonnage.cli import main
from tonnage.cli.hints import again
from tonnage.inventory.database import Inventory
from tonnage.inventory.pace import Volume
from tonnage.sample import Builder
from tonnage.show.card import card
from tonnage.show.verdict import facts_of, verdict

pytestmark = pytest.mark.slow

GIB = 2**30
FULL = Volume(40 * GIB, 2 * GIB)


@pytest.fixture(scope="module")
def opened(demo_inventory: Path) -> Iterator[Inventory]:
    """The demo, opened once."""
    with Inventory(str(demo_inventory)) as inventory:
        yield inventory


def said(inventory: Inventory, volume: Volume | None = None) -> dict[str, str]:
    """Return what a verdict says, by name and in its order."""
    return {finding.name: finding.text for finding in verdict(facts_of(inventory, volume))}


@pytest.mark.parametrize("height", range(12, 60, 4))
@pytest.mark.parametrize("volume", [None, FULL], ids=["unknown", "full"])
def test_the_card_is_one_screen(height: int, volume: Volume | None, opened: Inventory) -> None:
    """Tables give way; the verdict, the classes and the next steps never do."""
    lines = card(facts_of(opened, volume), 80, height, " -i /srv/tonnage.duckdb").splitlines()
    least = [line for line in lines if line.startswith(("orphaned  ", "untagged  ", "abandoned  ", "  tonnage "))]
    assert len(least) >= 6 and max(map(len, lines[1:])) <= 80
    assert len(lines) <= max(height - 1, 20)
    assert any(line.startswith("REPOSITORY") for line in lines) == (height >= 24)


def test_a_full_volume_comes_first(opened: Inventory) -> None:
    """With the bytes that have to go beyond what a collection frees; one with room comes last."""
    found = said(opened, FULL)
    assert list(found) == ["volume", "orphaned", "untagged", "abandoned"]
    assert found["volume"] == "95% full, 2.00 GiB of 40.0 GiB free"
    assert list(said(opened, Volume(400 * GIB, 300 * GIB)))[-1] == "volume"
    steps = {finding.name: finding.step for finding in verdict(facts_of(opened, Volume(40 * GIB, 0)))}
    step = steps["volume"]
    assert step is not None and step.command == "plan --free-to 80%"
    enough = verdict(facts_of(opened, Volume(40 * GIB, 8 * GIB)))[-1]
    assert (enough.name, enough.step) == ("volume", None)


def test_it_says_when_the_volume_will_be_full(tmp_path: Path, registry: Builder) -> None:
    """At the pace of the last 30 days; from less than a week nothing is said."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    inventory = tmp_path / "it.duckdb"
    start = datetime(2026, 11, 1, tzinfo=UTC)
    for days in (0, 3, 10):
        scan_tree(registry.root, inventory, now=lambda days=days: start + timedelta(days=days))
        registry.repository("app").image([registry.layer(b"x" * 1_000_000)], tag=f"at-{days}")
        with Inventory(str(inventory)) as opened:
            room = said(opened, Volume(100_000_000, 50_000_000))["volume"]
        assert ("a day it is full in" in room) == (days == 10), room
    assert "; at 97.8 KiB a day it is full in 499 days" in room


def test_what_stops_a_collection_comes_before_all(tmp_path: Path, registry: Builder) -> None:
    """With the kind, and the collectors that stop."""
    image = registry.repository("app").image([registry.layer(b"one")], tag="1")
    registry.repository("app").revision_link(image.digest).write_bytes(b"")
    inventory = tmp_path / "it.duckdb"
    scan_tree(registry.root, inventory)
    with Inventory(str(inventory)) as opened:
        found = said(opened, Volume(100, 1))
    assert list(found)[:2] == ["stops", "volume"]
    assert found["stops"].startswith("1 problem (empty_revision_link) would stop a collection by 2.x")


def test_the_steps_work_when_copied(
    opened: Inventory, demo_inventory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From another folder, with an inventory that has to be named and quoted."""
    place = demo_inventory.parent / "an inventory.duckdb"
    if not place.exists():
        place.symlink_to(demo_inventory)
    monkeypatch.delenv("TONNAGE_INVENTORY", raising=False)
    monkeypatch.setattr("tonnage.cli.volume.volume_at", lambda place: Volume(40 * GIB, 0))
    text = card(facts_of(opened, Volume(40 * GIB, 0)), ending=again(str(place)))
    steps = [line for line in text.splitlines() if line.startswith("  tonnage ") and "DIGEST" not in line]
    assert len(steps) == 4
    for line in steps:
        words = shlex.split(line.strip().partition("  ")[0])[1:]
        with pytest.raises(SystemExit) as ended:
            main([*words, *(["-o", "-"] if words[0] == "plan" else [])])
        assert (ended.value.code or 0) == 0, capsys.readouterr().err
    monkeypatch.setenv("TONNAGE_INVENTORY", str(place))
    assert again(str(place)) == ""


def test_nothing_stands_out(tmp_path: Path, registry: Builder) -> None:
    """Of a registry in which all is well."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    inventory = tmp_path / "it.duckdb"
    scan_tree(registry.root, inventory)
    with Inventory(str(inventory)) as opened:
        assert "\nnothing stands out\n" in card(facts_of(opened, None))
