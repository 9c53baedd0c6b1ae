"""An inventory in a real PostgreSQL: exported there in one step, asked there, brought back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from console import run
from killing import in_a_fork
from scanning import everything, scan_tree
from tonnage.errors import WriteError
from tonnage.inventory.copies import bring_back
from tonnage.inventory.database import Inventory
from tonnage.inventory.postgresql.address import parse_address
from tonnage.inventory.postgresql.reading import PostgresInventory
from tonnage.inventory.postgresql.session import Session
from tonnage.inventory.postgresql.writing import write_postgresql
from tonnage.monitor import Monitor
from tonnage.sample import Builder

_schema = count()


@pytest.fixture(scope="module")
def small_inventory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The inventory of one image, with a label that has a character in it which PostgreSQL's text cannot hold."""
    folder = tmp_path_factory.mktemp("small")
    registry = Builder(folder / "registry")
    app = registry.repository("app")
    app.image([registry.layer(size_bytes=1000, seed="app")], tag="1", labels={"a\0b": "c\0"})
    scan_tree(folder / "registry", folder / "tonnage.duckdb")
    return folder / "tonnage.duckdb"


@pytest.fixture
def place(postgresql: str) -> str:
    """The address of an inventory that is not there yet."""
    return f"{postgresql}&schema=s{next(_schema)}"


@pytest.fixture(scope="module")
def small_place(postgresql: str, small_inventory: Path) -> str:
    """The address of the small inventory: to be left as it was found."""
    address = f"{postgresql}&schema=small"
    export(small_inventory, address)
    return address


def export(inventory: Path, place: str, monitor: Monitor | None = None) -> None:
    """Export an inventory, in this process."""
    with Inventory(str(inventory)) as opened:
        write_postgresql(opened, place, monitor or Monitor())


@contextmanager
def administering(place: str) -> Iterator[Session]:
    """Connect as the server's owner."""
    with Session(parse_address(place), {}, autocommit=True) as session:
        yield session


def schemas(place: str) -> set[str]:
    """Return the schemas that begin with the inventory's name."""
    with administering(place) as session:
        name = parse_address(place).schema
        return {found for (found,) in session.query("select nspname from pg_namespace").rows if found.startswith(name)}


def counts(place: str) -> tuple[int, ...]:
    """Return how many blobs and tags the inventory has, as one question."""
    with PostgresInventory(place) as there:
        [row] = there.query(
            "select (select count(*) from blob), (select count(*) from tag), (select count(*) from layer)"
        ).rows
    return row


def test_a_reader_never_sees_half(
    place: str, demo_inventory: Path, demo_in_postgresql: str, small_inventory: Path
) -> None:
    """Asked again and again while one inventory takes another's place, each answer is that of the one or the other."""
    export(small_inventory, place)
    few, many = counts(place), counts(demo_in_postgresql)
    seen: list[tuple[int, ...]] = []
    failed: list[Exception] = []
    is_done = threading.Event()

    def read() -> None:
        try:
            while not is_done.is_set():
                seen.append(counts(place))
        except Exception as error:
            failed.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for inventory in (demo_inventory, small_inventory):
        export(inventory, place)
    is_done.set()
    for reader in readers:
        reader.join()
    assert not failed
    assert set(seen) == {few, many}
    assert schemas(place) == {parse_address(place).schema, parse_address(place).schema + "_store"}


class _KilledError(Monitor):
    """Kills its own process while the tables are written."""

    steps = 0

    def advance(self, steps: int, files_count: int = 0) -> None:
        self.steps += steps
        if self.steps > 20:
            os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_export_leaves_the_old(place: str, demo_inventory: Path, small_inventory: Path) -> None:
    """And nothing of its own, and nothing that would keep the next one from its work."""
    export(small_inventory, place)
    before = counts(place)
    status, _ = in_a_fork(lambda: export(demo_inventory, place, _KilledError()))
    assert os.WIFSIGNALED(status) or status
    assert counts(place) == before
    assert schemas(place) == {parse_address(place).schema, parse_address(place).schema + "_store"}
    export(demo_inventory, place)
    assert counts(place) > before


def test_grants_stay(small_place: str, small_inventory: Path) -> None:
    """Of the schema, of all views and of one, to a role and to everybody; who had none gets none."""
    schema = parse_address(small_place).schema
    with administering(small_place) as session:
        session.run(f"create role reader_{schema}")
        session.run(f"create role other_{schema}")
        session.run(f"grant usage on schema {schema} to reader_{schema} with grant option")
        session.run(f"grant select on all tables in schema {schema} to reader_{schema}")
        session.run(f"grant select on {schema}.tag to public")
        grants = (
            "select cast(p.name as text), has_schema_privilege(p.name, $schema, 'usage with grant option'),"
            " has_table_privilege(p.name, $schema || '.layer', 'select'),"
            " has_table_privilege(p.name, $schema || '.tag', 'select')"
            " from (values ($reader), ($other)) as p (name)"
        )
        values = {"schema": schema, "reader": f"reader_{schema}", "other": f"other_{schema}"}
        before = session.query(grants, values).rows
        export(small_inventory, small_place)
        assert session.query(grants, values).rows == before
        assert [row[1:] for row in before] == [(True, True, True), (False, False, True)]


@pytest.mark.parametrize(
    ("made", "name"),
    [
        ("create view {0}.mine as select 1 as a", "mine"),
        ("create view public.mine_{0} as select * from {0}.layer", "mine_{0}"),
    ],
)
def test_what_others_made_is_not_dropped(small_place: str, made: str, name: str, small_inventory: Path) -> None:
    """Neither in our schema nor built upon it: the export is refused, and all stays."""
    schema = parse_address(small_place).schema
    with administering(small_place) as session:
        session.run(made.format(schema))
        with pytest.raises(WriteError, match=name.format(schema)):
            export(small_inventory, small_place)
        session.run(made.format(schema).replace("create", "drop").partition(" as ")[0])


@pytest.mark.parametrize("suffix", ["", "_store", "_old", "_old_store", "_new", "_new_store"])
def test_another_ones_schema_is_not_touched(suffix: str, place: str, small_inventory: Path) -> None:
    """Even if it has the name that an inventory would have, one that is being made, or one that was replaced."""
    schema = parse_address(place).schema + suffix
    with administering(place) as session:
        session.run(f"create schema {schema}")
        session.run(f"create table {schema}.mine as select 1 as a")
        with pytest.raises(WriteError, match="not an inventory"):
            export(small_inventory, place)
        assert session.query(f"select a from {schema}.mine").rows == [(1,)]


def test_two_exports_do_not_mix(place: str, small_inventory: Path) -> None:
    """The second one ends, while the first is at work."""
    schema = parse_address(place).schema
    with Session(parse_address(place), {}, autocommit=False) as other:
        other.query("select pg_try_advisory_xact_lock(hashtext($name))", {"name": f"tonnage export {schema}"})
        with pytest.raises(WriteError, match="another export"):
            export(small_inventory, place)


def test_it_comes_back_whole(demo_in_postgresql: str, demo_inventory: Path, tmp_path: Path) -> None:
    """Row for row, and ready for the next scan."""
    bring_back(demo_in_postgresql, tmp_path / "back.duckdb")
    assert everything(tmp_path / "back.duckdb") == everything(demo_inventory)
    with pytest.raises(WriteError):
        bring_back(demo_in_postgresql, tmp_path / "back.duckdb")


def test_what_its_text_cannot_hold_is_shown(small_place: str) -> None:
    """A zero stands as its sign."""
    with PostgresInventory(small_place) as there:
        assert there.query("select name, value from label").rows == [("a␀b", "c␀")]


@pytest.mark.parametrize(
    "line",
    [
        "tonnage",
        "tonnage layers --json",
        "tonnage layers --max-references 1 --sort=-references_count --where 'size_bytes > 1000' --json",
        "tonnage why sha256:4 --json",
        "tonnage sql 'select class, size_bytes from class_total order by class'",
        "tonnage tables",
        "tonnage what-if ml/training --json",
        "tonnage page -o -",
    ],
)
def test_a_command_says_the_same(line: str, demo_in_postgresql: str, demo_inventory: Path, tmp_path: Path) -> None:
    """Asked in PostgreSQL, or of a copy."""
    outputs = []
    for place in (str(demo_inventory), demo_in_postgresql):
        command, *rest = line.split(" ", 1)
        outputs.append(run(" ".join([command, "-i", f"'{place}'", *rest]), tmp_path, {}))
    (code, one), (other_code, other) = outputs
    assert code == other_code
    assert one.replace(str(demo_inventory), "PLACE") == other.replace(f"'{demo_in_postgresql}'", "PLACE")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["-i", "postgresql://me:secret@127.0.0.1:1/x", "overview"], 35),
        (["-i", "{0}&schema=nothing_there", "overview"], 7),
        (["-i", "{0}&schema=Not-A-Name", "overview"], 2),
        (["-i", "{0}&schema=demo", "sql", "select nothing from nowhere"], 9),
        (["-i", "{0}&schema=demo", "sql", "create table demo.x (a integer)"], 9),
        (["-i", "{0}&schema=demo", "shell"], 2),
        (["-i", "{0}&schema=demo", "web"], 2),
        (["diff", "{0}&schema=demo", "{0}&schema=demo"], 2),
        (["-i", "{0}&schema=demo_store", "overview"], 2),
        (["export", "postgresql://me:secret@127.0.0.1:1/x"], 2),
        (["scan", ".", "-i", "postgresql://me:secret@127.0.0.1:1/x"], 2),
        (["load", ".", "-i", "postgresql://me:secret@127.0.0.1:1/x"], 2),
        (["import", ".", "-i", "postgresql://me:secret@127.0.0.1:1/x"], 2),
        (["exporter", ".", "-i", "postgresql://me:secret@127.0.0.1:1/x"], 2),
        (["serve", ".", "-i", "postgresql://me:secret@127.0.0.1:1/x"], 2),
        (["-i", "postgresql:///x?host=/nowhere&password=secret", "overview"], 35),
    ],
)
def test_what_cannot_be_is_said(arguments: list[str], code: int, postgresql: str, demo_in_postgresql: str) -> None:
    """In a line with the next step, and without a password."""
    done = subprocess.run(
        [sys.executable, "-m", "tonnage", *(argument.format(postgresql) for argument in arguments)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr and "secret" not in done.stderr
    assert "hint:" in done.stderr
