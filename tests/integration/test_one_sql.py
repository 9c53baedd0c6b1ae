"""One SQL: views, reports, metrics and checks of a plan run unchanged in PostgreSQL, with the same rows in order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scanning import near
from tonnage.inventory.database import Inventory, Table
from tonnage.inventory.portable import PORTABLE, is_portable
from tonnage.inventory.postgresql.reading import PostgresInventory
from tonnage.inventory.reports import bind, parse_report
from tonnage.inventory.statements import statements

FILES = [(folder, name) for folder in PORTABLE for name in statements(folder) if is_portable(folder, name)]
ASKED = [file for file in FILES if file[0] != "views"]


@pytest.fixture(scope="module")
def both(demo_inventory: Path, demo_in_postgresql: str) -> Iterator[tuple[Inventory, PostgresInventory]]:
    """The demo's inventory as a file, and in PostgreSQL."""
    with Inventory(str(demo_inventory)) as here, PostgresInventory(demo_in_postgresql) as there:
        yield here, there


def values_for(folder: str, name: str, inventory: Inventory) -> dict[str, Any]:
    """Return values for a statement's parameters: those of a report's header, and of things that are there for others."""
    sql = statements(folder)[name].sql
    [tag] = inventory.query("select repository, tag, digest from tag order by repository, tag limit 1").rows
    layers = inventory.query("select digest from layer order by size_bytes desc, digest limit 3").rows
    if folder == "reports":
        report = parse_report(name, sql)
        return bind(inventory, report, {p.name: layers[0][0] for p in report.parameters if p.default is None})
    return {
        "repositories": [tag[0]], "tags": [tag[1]], "since": "2026-01-01 00:00:00", "days": 7, "text": "ml",
        "repository": "ml/%",
        "digests": [tag[2], *(digest for (digest,) in layers)],
    }  # fmt: skip


def compare(one: Table, other: Table) -> None:
    """Check that two answers are one, to the type of each value."""
    assert one.columns == other.columns
    assert [near(row) for row in one.rows] == other.rows
    assert [[type(value) for value in row] for row in one.rows] == [
        [type(value) for value in row] for row in other.rows
    ]


@pytest.mark.parametrize("file", ASKED, ids="/".join)
def test_an_answer_is_the_same(file: tuple[str, str], both: tuple[Inventory, PostgresInventory]) -> None:
    """Row for row in order, though the server's language sorts text otherwise."""
    here, there = both
    folder, name = file
    sql, values = statements(folder)[name].sql, values_for(folder, name, here)
    used = {key: value for key, value in values.items() if f"${key}" in sql}
    compare(here.query(sql, used), there.query(sql, used))


def test_views_have_the_same_rows(both: tuple[Inventory, PostgresInventory]) -> None:
    """All of them, to the last column."""
    for view in statements("views"):
        one, other = (inventory.query(f"select * from {view}") for inventory in both)
        compare(*(table._replace(rows=sorted(table.rows, key=repr)) for table in (one, other)))


def test_comments_are_there(both: tuple[Inventory, PostgresInventory]) -> None:
    """Of every view, and of columns, for whoever looks from another program."""
    here, there = (
        [
            inventory.query(statements(folder)["tables"].sql).rows,
            *(
                inventory.query(statements(folder)["columns"].sql, {"name": name}).rows
                for name in ("layer", "tag_usage")
            ),
        ]
        for inventory, folder in zip(both, ("catalog", "catalog_postgresql"), strict=True)
    )
    assert [[(row[0], row[-1]) for row in rows] for rows in here] == [
        [(row[0], row[-1]) for row in rows] for rows in there
    ]
