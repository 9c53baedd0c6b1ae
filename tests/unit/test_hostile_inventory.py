"""An inventory file made by somebody else: nothing in it is run with the rights of whoever opens it, or builds upon it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from scanning import scan_tree
from tonnage.cli import main
from tonnage.errors import ForeignDatabaseError, NoInventoryError, TonnageError, WriteError
from tonnage.formats.quoting import identifier, literal
from tonnage.inventory.database import Inventory, compare, damage_of, known_tables
from tonnage.inventory.foreign import tables_of
from tonnage.inventory.statements import statements as ours_of
from tonnage.inventory.writing import create
from tonnage.sample import Builder

pytestmark = pytest.mark.slow

SECRET = "root:$6$hash:19000"


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """A registry of one image: to be read, never changed."""
    registry = Builder(tmp_path_factory.mktemp("storage"))
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    return registry


@pytest.fixture(scope="module")
def good(storage: Builder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its inventory: to be copied, never changed."""
    path = tmp_path_factory.mktemp("good") / "good.duckdb"
    scan_tree(storage.root, path)
    return path


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that only its owner may read."""
    path = tmp_path / "secret"
    path.write_text(SECRET)
    path.chmod(0o600)
    return path


def evil(good: Path, folder: Path, *statements: str) -> Path:
    """Return a copy of an inventory after some statements."""
    path = folder / "evil.duckdb"
    shutil.copy(good, path)
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
    return path


def as_view(table: str, select: str) -> tuple[str, str]:
    """Return what puts a view in the place of a table, which the view may read as `store.own`."""
    return f"alter table store.{table} rename to own", f"create view store.{table} as {select}"


def shapes(secret: Path, written: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield ways in which a file can lie about each of our tables."""
    read = f"(select content from read_text({literal(str(secret))}))"
    for table in known_tables():
        yield f"{table} is a view that reads a file", as_view(table, f"select *, {read} as more from store.own")
    for table in ("scan", "part"):
        yield f"{table} is a view without end", as_view(table, "select o.* from store.own as o, range(10000000000000)")
        yield f"{table} has other columns", (f"drop table store.{table}", f"create table store.{table} (nothing int)")
        yield f"{table} is missing", (f"drop table store.{table}",)
    ours = ours_of("tables")["part"].sql.partition(";")[0]
    for name, odd in {"computed": "as (1)", "checked": "check (files_count > 0)", "given": "default random()"}.items():
        create = ours.replace("files_count bigint not null", f"files_count bigint {odd}")
        yield f"part has a column that is {name}", ("drop table store.part", create)
    create = 'create table store.part ("part_id INTEGER, x" int)'
    yield "part has a column with a comma", ("drop table store.part", create)
    sql = f'blob" as t; copy (select 1) to {literal(str(written))}; --'
    create = f"create table store.{identifier(sql)} (x int)"
    yield "a name is SQL", (create, *as_view("part", "select 1 as part_id"))


def test_tables_are_known_as_they_are_created(tmp_path: Path) -> None:
    """What is compared with a foreign file is what `create table` really makes."""
    with create(tmp_path / "inventory") as connection:
        assert tables_of(connection, "inventory") == known_tables()


def test_a_name_is_never_sql() -> None:
    """Quoted, a name is a name, and a text a text, whatever they hold."""
    with duckdb.connect() as connection:
        for odd in ('a"b', "a'b", 'x"; drop table t; --', "\\", "ü\n"):
            connection.execute(
                f"create or replace table {identifier(odd)} as select {literal(odd)} as {identifier(odd)}"
            )
            assert connection.execute(f"select {identifier(odd)} from {identifier(odd)}").fetchall() == [(odd,)]


def test_no_shape_of_a_table_is_read(good: Path, secret: Path, tmp_path: Path) -> None:
    """Opening, comparing and looking for damage refuse the file, at once, and nothing is written."""
    written = tmp_path / "written"
    for shape, statements in shapes(secret, written):
        path = evil(good, tmp_path, *statements)
        with pytest.raises(ForeignDatabaseError) as caught:
            Inventory(str(path))
        assert SECRET not in str(caught.value), shape
        assert not written.exists(), shape
    with pytest.raises(NoInventoryError):
        compare(str(good), str(path), "layers")
    assert damage_of(path) == ""
    assert not written.exists()


@pytest.mark.parametrize("table", ["scan", "part", "problem", "digest"])
def test_a_scan_does_not_build_upon_it(storage: Builder, good: Path, secret: Path, tmp_path: Path, table: str) -> None:
    """It is not written over either: whose it is nobody knows."""
    path = evil(good, tmp_path, *as_view(table, "select o.* from store.own as o, range(10000000000000)"))
    before = path.read_bytes()
    with pytest.raises(WriteError, match="is not written over") as caught:
        scan_tree(storage.root, path)
    assert caught.value.next_step
    assert path.read_bytes() == before


def test_own_tables_and_views_beside_ours_are_let_be(storage: Builder, good: Path, tmp_path: Path) -> None:
    """An operator's own objects in the file are no reason to refuse it."""
    path = evil(good, tmp_path, "create table store.mine (i int)", "create view main.my_blobs as from blob")
    with Inventory(str(path)) as opened:
        assert opened.query("select count(*) from my_blobs").rows[0][0] > 0
    assert scan_tree(storage.root, path).problems_count == 0


def test_a_view_reaches_no_file(good: Path, secret: Path, tmp_path: Path) -> None:
    """Neither when it is asked by itself, nor where another view builds upon it."""
    read = f"select content from read_text({literal(str(secret))})"
    path = evil(good, tmp_path, f"create view main.leak as {read}")
    with Inventory(str(path)) as opened, pytest.raises(TonnageError) as caught:
        opened.query("from leak")
    assert SECRET not in str(caught.value)


def test_a_columns_name_takes_no_terminal_over(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It may come from a file as well as from the query."""
    path = evil(good, tmp_path, 'create view main.x as select 1 as "\x1b]0;owned\x07"')
    with pytest.raises(SystemExit):
        main(["sql", "from x", "-i", str(path)])
    assert "\x1b" not in capsys.readouterr().out


def fake_duckdb(folder: Path, exit_code: int) -> Path:
    """Return a program of that name that writes down how it was called."""
    program = folder / "bin/duckdb"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{folder}/called"\nexit {exit_code}\n')
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("exit_code", [0, 1])
def test_the_shell_is_safe(good: Path, tmp_path: Path, exit_code: int) -> None:
    """The duckdb program is started read-only, in safe mode, without its start file; if it cannot, it is not used."""
    program = fake_duckdb(tmp_path, exit_code)
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "tonnage", "shell", "-i", str(good)]
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
    called = (tmp_path / "called").read_text().splitlines()
    options = ["-readonly", "-safe", "-init", os.devnull, str(good)]
    assert called == [*options, "select 1", *(options if exit_code == 0 else [])], done.stderr
