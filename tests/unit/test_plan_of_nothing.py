"""A plan that deletes nothing: it says why, has no step that deletes, and asks nobody anything."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanning import scan_tree
from tonnage.cli import main
from tonnage.inventory.database import Inventory
from tonnage.plan import Plan
from tonnage.planning.plan_text import explain, summarize
from tonnage.planning.planner import Wanted, make_plan
from tonnage.planning.policy import parse_policy
from tonnage.sample import Builder

pytestmark = pytest.mark.slow

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
POLICY = '[[rule]]\nrepositories = ["{}"]\nkeep_last = 3\n'
WISHES = {
    "all stay": (Wanted(policy=parse_policy(POLICY.format("*"))), "1 candidate stays: among the last 3 (1)"),
    "no rule": (Wanted(policy=parse_policy(POLICY.format("no/*"))), "nothing here is what was asked for"),
    "orphaned is enough": (Wanted(free_bytes=10), "the next collection frees 10 B without any deletion"),
}


def plan_for(registry: Builder, wanted: Wanted, inventory: Path) -> Plan:
    """Return the plan over a fresh scan."""
    scan_tree(registry.root, inventory)
    with Inventory(str(inventory)) as opened:
        return make_plan(opened, wanted, NOW)


@pytest.mark.parametrize("name", WISHES)
@pytest.mark.parametrize("has_orphan", [True, False])
def test_it_says_why(name: str, has_orphan: bool, registry: Builder, tmp_path: Path) -> None:
    """On the screen that made it, and when it is explained; what to run next deletes nothing."""
    registry.repository("app").image([registry.layer(b"x")], tag="1")
    wanted, why = WISHES[name]
    if has_orphan:
        registry.blob(b"an orphaned blob")
    elif wanted.free_bytes is not None:
        return
    plan = plan_for(registry, wanted, tmp_path / "i")
    assert plan.items == []
    for text in (summarize(plan), explain(plan)):
        assert f"goes       nothing: {why}" in " ".join(text.split("\n" + " " * 11))
        assert "tonnage apply" not in text
        assert ("Next" in text) is has_orphan
    programs = [command.split()[0] for command in plan.commands if not command.startswith("#")]
    assert programs == (["registry", "tonnage", "tonnage"] if has_orphan else [])


def test_apply_asks_nothing(registry: Builder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor does it ask the registry."""
    registry.repository("app").image([registry.layer(b"x")], tag="1")
    scan_tree(registry.root, tmp_path / "tonnage.duckdb")
    policy, plan = tmp_path / "policy.toml", tmp_path / "plan.json"
    policy.write_text(POLICY.format("*"))
    plan_it = ["plan", "--policy", str(policy), "-o", str(plan), "-i", str(tmp_path / "tonnage.duckdb")]
    for words in (plan_it, ["apply", str(plan), "--registry", "http://127.0.0.1:1", "--json"]):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert not ended.value.code
    done = capsys.readouterr()
    assert json.loads(done.out)["items"] == []
    assert "deletes nothing: 1 candidate stays" in done.err
