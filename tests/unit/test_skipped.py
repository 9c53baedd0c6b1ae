"""A statement that says what it needs is skipped where that is not there: then it would change nothing."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

import tonnage.scan.loading
import tonnage.scan.pulls
import tonnage.scan.replace
import tonnage.scan.run
from imagelayouts import write_layouts
from oddstates import STATES
from randomdamage import random_damage
from randomtrees import leave_alias, random_registry
from scanning import scan_storage, scan_tree
from seeds import seeds
from tonnage.formats.pulls import Line, Pull
from tonnage.inventory.statements import Statement, statements
from tonnage.sample import Builder
from tonnage.scan.pulls import Pulls
from tonnage.storage.opening import open_storage

pytestmark = pytest.mark.slow

START = datetime(2026, 1, 1, tzinfo=UTC)
CHANGED = re.compile(r"^(?:insert into|update|delete from) ((?:store\.)?\w+)", re.MULTILINE)
INSTEAD = {"goes_with": "goes_alone", "last_use": "no_use"}
"""What gives the rows in place of what is skipped."""
GUARDED = {name for folder in ("load", "scan") for name, statement in statements(folder).items() if statement.needs}


class Watched:
    """Executes what needs nothing, and the rest too, but sees whether that changes anything."""

    def __init__(self) -> None:
        self.skipped: set[str] = set()
        self.executed: set[str] = set()
        self.wrong: set[str] = set()
        self.expected: dict[str, Any] = {}

    def __call__(
        self, connection: Any, statement: Statement, values: dict[str, Any] | None = None
    ) -> list[tuple[Any, ...]]:
        """Do what `execute_where_needed` does, and what it leaves out."""
        if not statement.needs or connection.execute(f"select 1 from {statement.needs} limit 1").fetchall():
            self.executed.add(statement.name)
            rows: list[tuple[Any, ...]] = connection.execute(statement.sql, values).fetchall()
            if statement.name in self.expected:
                [table] = CHANGED.findall(statement.sql)
                if self.expected.pop(statement.name) != content(connection, table):
                    self.wrong.add(statement.name)
            return rows
        self.skipped.add(statement.name)
        tables = sorted(set(CHANGED.findall(statement.sql)))
        before = [content(connection, table) for table in tables]
        rows = connection.execute(statement.sql, values).fetchall()
        if other := INSTEAD.get(statement.name):  # which comes later, and does the same
            self.expected[other] = content(connection, tables[0])
            connection.execute(f"delete from {tables[0]}")
        elif before != [content(connection, table) for table in tables] or (rows and not tables):
            self.wrong.add(statement.name)
        return []


def content(connection: Any, table: str) -> Any:
    """Return what a table has, in short."""
    return connection.execute(f"select count(*), bit_xor(hash(t)) from {table} as t").fetchall()


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """Return what sees all statements of this test."""
    watched = Watched()
    for module in (tonnage.scan.loading, tonnage.scan.pulls, tonnage.scan.replace, tonnage.scan.run):
        monkeypatch.setattr(module, "execute_where_needed", watched)
    return watched


@pytest.mark.parametrize("seed", seeds(0, 5))
def test_what_is_skipped_would_change_nothing(seed: int, tmp_path: Path, watched: Watched) -> None:
    """On trees with all kinds of damage, scanned, changed, and scanned again."""
    rng = Random(seed)
    registry = random_registry(rng, tmp_path / "registry")
    for _ in range(2):
        scan_tree(registry.root, tmp_path / "inventory")
        for _ in range(rng.randint(1, 5)):
            random_damage(rng, registry)
    assert watched.wrong == set()
    assert watched.skipped


def test_all_that_is_odd_needs_them(registry: Builder, tmp_path: Path, watched: Watched) -> None:
    """Here each is needed at least once, so a statement that says too much of what it needs is found out."""
    for number, (damage, _, _) in enumerate(STATES.values()):
        app = registry.repository(f"app{number}")
        image = app.image([registry.layer(app.name.encode())], tag="1")
        with suppress(OSError):  # some need the only image there is
            damage(app)
    live = registry.repository("live")
    image = live.image([registry.layer(b"live")], tag="2")
    live.image([registry.layer(b"signature")], tag=f"{image.digest.replace(':', '-')}.sig")
    live.index([image], tag="3")
    live.image([lost := registry.layer(b"lost"), cut := registry.layer(b"cut")], tag="4")
    registry.blob_path(lost.digest).unlink()
    registry.blob_path(cut.digest).write_bytes(b"c")
    live.upload(size_bytes=5, started=START).joinpath("startedat").unlink()
    leave_alias(Random(1), live, [registry.layer(b"known by another digest")])
    (live.path / "_manifests/revisions/sha512").symlink_to("/etc")
    registry.write(registry.v2 / "blobs/sha256/ab/abc/data", b"called by a short name")
    (registry.root / "scheduler-state.json").write_text("{}")
    for second, blob in enumerate(sorted(registry.v2.glob("blobs/sha256/*/*/data"))):  # as a backup reads them
        os.utime(blob, (START.timestamp() + second, START.timestamp() - 1000))
    pulls = Pulls()
    pulls.add_file("log", [(b"", Line("log", 0, (Pull("live", "2", False, 0, "key"),)))])
    for days in (0, 9, 18):
        scan_tree(registry.root, tmp_path / "inventory", pulls=pulls, now=lambda: START + timedelta(days))  # noqa: B023
    assert (watched.wrong, GUARDED - watched.executed) == (set(), set())


def test_nothing_odd_needs_nothing_of_it(registry: Builder, tmp_path: Path, watched: Watched) -> None:
    """Of a plain image, all of them are skipped; of layouts, nearly all."""
    registry.repository("app").image([registry.layer(b"x")], tag="1")
    scan_tree(registry.root, tmp_path / "inventory")
    assert (watched.wrong, watched.skipped) == (set(), GUARDED)
    layouts = write_layouts(registry.v2, tmp_path / "layouts")
    scan_storage(open_storage(str(layouts)), tmp_path / "of-layouts")
    assert watched.wrong == set()
