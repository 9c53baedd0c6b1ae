"""A registry with 10,000 tags, odd names, damage and a manifest of 4 MB: the same as a file, as Parquet, in PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from oddregistry import answers, odd_registry
from scanning import differences, everything, near, scan_tree
from tonnage.inventory.database import Inventory, Table
from tonnage.inventory.parquet import write_folder
from tonnage.inventory.postgresql.reading import PostgresInventory
from tonnage.inventory.postgresql.writing import write_postgresql
from tonnage.inventory.statements import statements
from tonnage.monitor import Monitor

pytestmark = [pytest.mark.slow, pytest.mark.integration]


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The inventory of it."""
    folder = tmp_path_factory.mktemp("odd")
    odd_registry(folder / "registry", 10_000)
    scan_tree(folder / "registry", folder / "tonnage.duckdb")
    return folder / "tonnage.duckdb"


def test_parquet_says_the_same(scanned: Path, tmp_path: Path) -> None:
    """Row for row, and in every report."""
    lake = tmp_path / "lake"
    with Inventory(str(scanned)) as inventory:
        write_folder(inventory, lake)
        expected = answers(inventory)
    assert differences(everything(lake), everything(scanned)) == {}
    with Inventory(str(lake)) as opened:
        assert answers(opened) == expected


def test_postgresql_says_the_same(scanned: Path, postgresql: str) -> None:
    """Row for row, and in every report; fractions are added up in another order there."""
    place = f"{postgresql}&schema=odd"
    with Inventory(str(scanned)) as here:
        write_postgresql(here, place, Monitor())
        with PostgresInventory(place) as there:
            said = answers(there)
            for name, expected in answers(here).items():
                assert as_near(said[name]) == expected, name
            for view in statements("views"):
                ours, theirs = (rows_of(inventory, view) for inventory in (here, there))
                assert [near(row) for row in theirs] == ours, view


def rows_of(inventory: Inventory | PostgresInventory, view: str) -> list[tuple[object, ...]]:
    """Return the rows of a view, sorted."""
    return sorted(inventory.query(f"select * from {view}").rows, key=repr)


def as_near(said: Table | str) -> Table | str:
    """Return an answer that equals one whose fractions were added up in another order."""
    return said if isinstance(said, str) else said._replace(rows=[near(row) for row in said.rows])
