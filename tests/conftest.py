"""Fixtures for all tests: a sample registry, the demo, and the guard before tests that need the real registry."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import postgresserver
import realregistry
import sparkdriver
from buckets import ENVIRONMENT
from imagelayouts import write_layouts
from tonnage.inventory.database import Inventory
from tonnage.monitor import Monitor
from tonnage.sample import Builder, build_demo
from tonnage.scan.run import scan
from tonnage.storage.local import open_local

pytest_plugins = ("lastwords", "timelimits")

# Importing readline, as pytest does, puts the size of a screen into the environment of whatever is started afterwards.
for _name in ("LINES", "COLUMNS", "NO_COLOR", "FORCE_COLOR"):
    os.environ.pop(_name, None)
    os.unsetenv(_name)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--accept` (or ACCEPT=1): put what comes out now into golden files and documents, to be read in the diff."""
    parser.addoption("--accept", action="store_true", default=os.environ.get("ACCEPT") == "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what needs Spark: processes take tests from each other's ends, and each would start one of its own."""
    items.sort(key=lambda item: "spark" not in item.path.name)


@pytest.fixture
def accept(request: pytest.FixtureRequest) -> bool:
    """Whether what came out is to be taken for right."""
    return bool(request.config.getoption("--accept"))


@pytest.fixture(autouse=True)
def _guard_integration(request: pytest.FixtureRequest) -> None:
    """Skip tests marked `integration` where the real programs are missing. In CI that is a failure, not a skip."""
    if request.node.get_closest_marker("integration") is None:
        return
    if missing := realregistry.missing_programs():
        message = f"NOT TESTED AGAINST THE REAL REGISTRY: missing {', '.join(missing)} (Debian packages of these names)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture(autouse=True)
def _stays_eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run in this process too, and one of them makes it give way to others: it would for all tests after it."""
    monkeypatch.setattr(os, "nice", lambda increment: increment)


@pytest.fixture(autouse=True)
def _no_volume(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the card say nothing of this machine's disk, which is another on each; a test may say of which instead."""
    monkeypatch.setattr("tonnage.cli.volume.volume_at", lambda place: None)


@pytest.fixture(scope="session")
def spark() -> Iterator[sparkdriver.Driver]:
    """A Spark on this machine, with the login to the buckets of tests. Skips where it is not installed."""
    sparkdriver.guard()
    with sparkdriver.spark(ENVIRONMENT) as driver:
        yield driver


@pytest.fixture
def registry(tmp_path: Path) -> Builder:
    """A sample registry with nothing in it yet."""
    return Builder(tmp_path / "registry")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """The registry of `tonnage demo`, built once: to be read, never changed."""
    return build_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def demo_layouts(demo: Builder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repositories of the demo as OCI image layouts, as zot would keep them: to be read, never changed."""
    return write_layouts(demo.v2, tmp_path_factory.mktemp("zot") / "layouts", is_linked_to_source=True)


@pytest.fixture(scope="session")
def demo_inventory(demo: Builder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The inventory of the demo, scanned at a fixed moment: to be read, never changed."""
    path = tmp_path_factory.mktemp("inventory") / "tonnage.duckdb"
    scan(open_local(str(demo.root)), str(path), now=lambda: datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
    return path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL that runs until the end."""
    if not postgresserver.programs():
        message = "NOT TESTED AGAINST POSTGRESQL: missing the Debian package postgresql"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with postgresserver.serving() as address:
        yield address


@pytest.fixture(scope="session")
def demo_in_postgresql(demo_inventory: Path, postgresql: str) -> str:
    """The address of the demo's inventory in PostgreSQL: to be read, never changed."""
    from tonnage.inventory.postgresql.writing import write_postgresql

    address = f"{postgresql}&schema=demo"
    with Inventory(str(demo_inventory)) as inventory:
        write_postgresql(inventory, address, Monitor())
    return address
