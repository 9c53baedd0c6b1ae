"""Whose money the storage is: shares add up to the bill, and are the Shapley value of the game of sharing."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from itertools import permutations
from math import factorial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from randomtrees import random_registry
from scanning import scan_tree
from tonnage.errors import UsageError
from tonnage.inventory.database import Inventory
from tonnage.inventory.reports import builtin_reports, run_report
from tonnage.sample import Builder

pytestmark = pytest.mark.slow

Needs = dict[str | None, set[str]]
PER_BYTE = 1024**3
"""The price of a GiB at which a byte costs 1: whole cents are then finer than bytes."""
GROUPINGS = (
    {"by": "namespace"}, {"by": "namespace", "depth": "2"}, {"by": "namespace", "depth": "9"}, {"by": "repository"},
    {"by": "label:seed"}, {"by": "label:nobody-has-it"},
)  # fmt: skip


def costs(opened: Inventory, **values: str) -> list[dict[str, Any]]:
    """Return the rows of the report."""
    table = run_report(opened, builtin_reports()["costs"], values)
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def shapley(needs: Needs, sizes: dict[str, int]) -> dict[str | None, Fraction]:
    """Return each player's mean cost when they come one after another, over all orders: the definition, as it stands."""
    found: dict[str | None, Fraction] = defaultdict(Fraction)
    for order in permutations(needs):
        there: set[str] = set()
        for player in order:
            found[player] += sum(sizes[blob] for blob in needs[player] - there)
            there |= needs[player]
    return {player: total / factorial(len(needs)) for player, total in found.items()}


def answer(opened: Inventory, sql: str, **values: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    return opened.query(sql, values).rows


def needs_of(inventory: Inventory, by: str, depth: int = 1) -> Needs:
    """Return what each holder needs, from the view of holders."""
    needs: Needs = defaultdict(set)
    for repository, digest in answer(inventory, "select repository, digest from holder"):
        components = repository.split("/")
        needs[repository if by == "repository" else "/".join(components[:-1][:depth])].add(digest)
    return needs


def needs_by_label(inventory: Inventory, name: str) -> Needs:
    """Return the same for the values of a label, from what each manifest names."""
    named, children = defaultdict(set), defaultdict(set)
    stored = dict(answer(inventory, "select digest, stored_as from alias"))
    for parent, role, child in answer(
        inventory, "select parent, role, child from manifest_ref where role <> 'subject'"
    ):
        (children if role == "manifest" else named)[parent].add(stored.get(child, child))
    values = dict(answer(inventory, "select config_digest, value from label where name = $name", name=name))
    manifests = {
        digest: (kind, config)
        for digest, kind, config in answer(inventory, "select digest, kind, config_digest from manifest")
    }

    def below(digest: str) -> set[str]:
        found, todo = set(), [digest]
        while todo:
            if (one := todo.pop()) in manifests and one not in found:
                found.add(one)
                todo += children[one]
        return found

    needs: Needs = defaultdict(set)
    for (root,) in answer(inventory, "select distinct digest from revision"):
        for one in below(root):
            images = {m for m in below(one) if manifests[m][0] != "index"} or {one}
            for image in images:
                needs[values.get(manifests[image][1])] |= named[one] | {one}
    return needs


@pytest.mark.parametrize("seed", (0, 3, 5))
def test_shares_add_up_and_are_fair(tmp_path: Path, inventory: Path, seed: int) -> None:
    """To the byte and to the cent in every grouping; and on few holders what all orders of coming say on average."""
    random_registry(Random(seed), tmp_path / "registry")
    scan_tree(tmp_path / "registry", inventory)
    with Inventory(str(inventory)) as opened:
        sizes = dict(answer(opened, "select digest, size_bytes from blob"))
        [(bill_bytes,)] = answer(opened, "select sum(size_bytes) from class_total")
        for values in GROUPINGS:
            for price in (PER_BYTE, 77.77 * 1024):
                rows = costs(opened, price=str(price), **values)
                cents = sum(round(row["cost_per_month"] * 100) for row in rows)
                assert cents == round(bill_bytes * price / 1024**3 * 100)
                assert sum(row["fair_bytes"] for row in rows) == bill_bytes
            check_fair(opened, costs(opened, price=str(PER_BYTE), **values), sizes, **values)


def check_fair(opened: Inventory, rows: list[dict[str, Any]], sizes: dict[str, int], by: str, depth: str = "1") -> None:
    """Check the rows against needs found in another way, and against the definition of the value."""
    label = by.removeprefix("label:")
    all_needs = needs_by_label(opened, label) if label != by else needs_of(opened, by, int(depth))
    needs = {name: there for name, blobs in all_needs.items() if (there := blobs & sizes.keys())}
    found = {row["holder"]: row for row in rows if row["class"] == "held"}
    assert found.keys() == needs.keys()
    for name, blobs in needs.items():
        assert found[name]["stored_bytes"] == sum(sizes[blob] for blob in blobs)
    if len(needs) <= 6:
        for name, share in shapley(needs, sizes).items():
            assert abs(found[name]["cost_per_month"] - share) <= Fraction(1, 100), (name, share)


def test_a_price_is_given_or_listed_or_unknown(registry: Builder, inventory: Path) -> None:
    """One that is given goes before the list; without any the cost is unknown, and not nothing."""
    registry.repository("team/app").image([registry.layer(b"x" * 2**20)], tag="1")
    scan_tree(registry.root, inventory)

    with Inventory(str(inventory)) as opened:

        def cost(**values: str) -> object:
            return costs(opened, **values)[0]["cost_per_month"]

        assert cost() is None
        assert cost(storage="s3-standard") == 0.0
        assert cost(storage="s3-standard", price="2048") == pytest.approx(2.0, abs=0.01)
        for wrong in ({"price": "-1"}, {"price": "nan"}, {"by": "label:"}, {"by": "team"}, {"storage": "s3"}):
            with pytest.raises(UsageError):
                cost(**wrong)
