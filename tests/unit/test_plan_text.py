"""Plans as people see them, at 80 columns: golden texts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from golden import FOLDER, check_golden
from tonnage.formats.targets import parse_target
from tonnage.inventory.database import Inventory
from tonnage.plan import Plan, seal
from tonnage.planning.plan_text import explain
from tonnage.planning.planner import Wanted, make_plan
from tonnage.planning.policy import parse_policy
from tonnage.show.plot import Plot, draw
from tonnage.sizes import parse_size

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
WISHES = {
    "free": Wanted(free_bytes=parse_size("20GiB")),
    "names": Wanted(targets=(parse_target("team-a/*:1.*"), parse_target("shop/checkout:latest"))),
    "policy": Wanted(
        policy=parse_policy('[[rule]]\nrepositories = ["shop/*"]\nkeep_last = 2\ndelete_untagged = "7d"\n'),
        registry_version=3,
    ),
}


def plan_for(inventory: Path, wanted: Wanted) -> Plan:
    """Return a plan over the demo, as if it lay where registries do, and on a mount that notes some reads."""
    with Inventory(str(inventory)) as opened:
        plan = make_plan(opened, wanted, NOW)
    source = msgspec.structs.replace(plan.source, location="/var/lib/registry")
    commands = [line.replace(plan.source.location, "/var/lib/registry") for line in plan.commands]
    commands = [line.replace(str(inventory), "tonnage.duckdb") for line in commands]
    items = [
        msgspec.structs.replace(
            item, used_at=None, unused_since_at="2026-09-01T00:00:00Z" if wanted.targets and item.tags else None
        )
        for item in plan.items
    ]
    return seal(msgspec.structs.replace(plan, source=source, commands=commands, items=items))


@pytest.mark.parametrize("name", WISHES)
def test_what_a_plan_says(name: str, demo_inventory: Path, accept: bool) -> None:
    """Every line fits 80 columns, and every item, every reason and every next step is there."""
    text = explain(plan_for(demo_inventory, WISHES[name]), 80)
    assert max(map(len, text.splitlines())) <= 80
    check_golden(f"plan/{name}", text, accept)


def test_no_golden_file_is_left_over() -> None:
    """Each has its plan."""
    assert sorted(path.stem for path in (FOLDER / "plan").iterdir()) == sorted(WISHES)


def test_without_a_terminal_there_is_no_plot(demo_inventory: Path) -> None:
    """A pipe gets the words and the figures, and no drawing."""
    text = explain(plan_for(demo_inventory, WISHES["free"]), 80, with_plot=False)
    assert "chosen" in text and "proven" in text
    assert not any(character in text for character in "│┤●⠤")


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_plot_fits(width: int) -> None:
    """It is as wide as the terminal, and the mark stands on the curve's line."""
    lines = draw(
        Plot([(0, 10), (1, 60), (10, 100)], (1, 60), ("no tags", "10 tags"), ("0 B", "60 B", "100 B")), width
    ).splitlines()
    assert max(map(len, lines)) <= width
    (marked,) = (line for line in lines if "●" in line)
    assert marked.lstrip().startswith("60 B ┤")
