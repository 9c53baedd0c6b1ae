"""SQL of strangers: whatever is tried is refused or ended, and nobody sees anything of anybody else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from pages import served
from tonnage.errors import QueryError
from tonnage.inventory.database import Inventory
from tonnage.web import sandbox, sandbox_child
from tonnage.web.children import Child
from tonnage.web.sandbox import BusyError, Sandbox, setting_of
from tonnage.web.snapshot import Snapshot, open_snapshot

pytestmark = pytest.mark.slow

REFUSED = [
    "", "-- nothing", "select 1; select 2",
    "create table store.x as select 1", "create table memory.main.x as select 1", "create temp table x as select 1",
    "insert into store.tag select * from store.tag", "delete from store.tag", "update store.tag set tag = 'x'",
    "drop view tag",
    "attach ':memory:' as m", "attach '/tmp/x.duckdb' as m", "detach inventory", "use memory",
    "select * from read_csv('/etc/passwd')", "select * from read_text('/etc/passwd')", "select * from '/etc/passwd'",
    "select * from read_blob('https://example.com/')", "select * from glob('/etc/*')",
    "copy tag to '/tmp/tonnage-copied.csv'",
    "install httpfs", "load httpfs", "set threads = 64", "set enable_external_access = true", "set memory_limit = '100GB'",
    "pragma enable_profiling", "checkpoint", "export database '/tmp/x'", "call pragma_version()", "begin",
    "select * from none",
    "selct 1", "select 1 +", "prepare p as select 1", "vacuum",
    "from '/proc/self/environ'", "select * from read_json('/proc/self/status')", "select * from sniff_csv('/etc/passwd')",
    "select * from parquet_scan('/tmp/*')", "select * from query('attach '':memory:'' as m')",
    "select * from query_table('/etc/passwd')",
    "select getenv('HOME')", "load '/tmp/x.duckdb_extension'", "create macro f() as 1", "create secret (type s3)",
    "explain analyze copy tag to '/tmp/tonnage-copied.csv'", "select 1 into x", "execute p", "reset memory_limit",
    "/* select */ create table x as select 1", "with x as (delete from store.tag returning *) select * from x",
]  # fmt: skip
ENDED = [
    "select count(*) from range(1000000000) as a, range(1000000000) as b where a.range * b.range % 7 = 3",
    "with recursive r as (select 1 as n union all select n + 1 from r) select max(n) from r",
    "select length(repeat('x', 3000000000))",
    "select list(range) from range(1000000000)",
]


@pytest.fixture(scope="module")
def snapshot(demo_inventory: Path) -> Snapshot:
    """The demo."""
    return open_snapshot(str(demo_inventory))


@pytest.fixture
def strict() -> Iterator[Sandbox]:
    """A sandbox, ended in the end."""
    found = Sandbox()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def client(demo_inventory: Path) -> Iterator[TestClient]:
    """The page over the demo."""
    with served(demo_inventory) as (_, found):
        yield found


@pytest.fixture(scope="module")
def locked(demo_inventory: Path) -> Inventory:
    """The inventory as a child of the sandbox opens it."""
    return sandbox_child.open_locked(setting_of(str(demo_inventory), None))


@pytest.mark.parametrize("sql", REFUSED)
def test_all_but_questions_are_refused(sql: str, locked: Inventory) -> None:
    """With what the database says, and nothing is left of it. Asked as a child asks: to start one takes a second."""
    before = state_of(locked)
    assert sandbox_child.answer(locked, sql).error
    assert state_of(locked) == before and not Path("/tmp/tonnage-copied.csv").exists()


def state_of(inventory: Inventory) -> list[tuple[object, ...]]:
    """Return all that a statement could have left in a connection."""
    return inventory.query(
        "select database_name from duckdb_databases() union all select database_name || schema_name || table_name from"
        " duckdb_tables() union all select name || value from duckdb_settings() union all select function_name from"
        " duckdb_functions() where not internal union all select count(*)::varchar from store.tag order by all"
    ).rows


def test_a_child_refuses_too(snapshot: Snapshot, strict: Sandbox) -> None:
    """And says why."""
    with pytest.raises(QueryError, match="only questions"):
        strict.run(snapshot, "create table memory.main.x as select 1")


@pytest.mark.parametrize("sql", ENDED)
def test_what_would_not_end_is_ended(
    sql: str, snapshot: Snapshot, strict: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the limit of time or of memory, with the process it ran in."""
    monkeypatch.setattr(sandbox, "SECONDS", 1.5)
    started = time.monotonic()
    with pytest.raises(QueryError):
        strict.run(snapshot, sql)
    monkeypatch.undo()
    assert time.monotonic() - started < 60  # a busy machine starts processes slowly
    assert strict.run(snapshot, "select 1").answer.rows == [[1]]


def test_questions_are_answered(snapshot: Snapshot, strict: Sandbox) -> None:
    """Rows up to a limit, values of all types as what can be shown."""
    assert strict.run(snapshot, "select count(*) as tags_count from tag").answer.rows == [[108]]
    assert strict.run(snapshot, "from tag limit 3").answer.columns[0] == "repository"
    assert strict.run(snapshot, "explain select 1").answer.rows
    many = strict.run(snapshot, "select range from range(20000)").answer
    assert len(many.rows) == sandbox.MOST_ROWS and many.is_cut
    odd = strict.run(
        snapshot, "select null, true, 1.5, 2::hugeint ** 100, 'ü', [1], {'a': 1}, date '2026-01-01', 'x'::blob"
    ).answer
    assert len(odd.rows[0]) == 9
    wide = strict.run(snapshot, "select repeat('x', 9000) as x from range(5000)").answer
    assert wide.is_cut and sum(len(row[0]) for row in wide.rows) < 11_000_000


def test_one_sees_nothing_of_another(snapshot: Snapshot, strict: Sandbox) -> None:
    """Each query has a process of its own, whatever an EXPLAIN ANALYZE of it may have made there."""
    with pytest.raises(QueryError):
        strict.run(snapshot, "explain analyze create table inventory.x as select 1")
    names = strict.run(snapshot, "select database_name from duckdb_databases() where not internal").answer.rows
    assert names == [["inventory"]] or names == [["inventory"], ["memory"]]
    with pytest.raises(QueryError):
        strict.run(snapshot, "select * from memory.main.x")


def test_two_run_at_once_and_others_are_told_to_wait(
    snapshot: Snapshot, strict: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A third waits for a while, then is told."""
    monkeypatch.setattr(sandbox, "SECONDS", 5.0)
    monkeypatch.setattr(sandbox, "_WAIT_SECONDS", 0.1)

    def ask_for_long() -> None:
        with pytest.raises(QueryError):
            strict.run(snapshot, ENDED[0])

    slow = [threading.Thread(target=ask_for_long) for _ in range(2)]
    for thread in slow:
        thread.start()
    deadline = time.monotonic() + 20
    while strict.places._value and time.monotonic() < deadline:  # both have begun, however busy the machine is
        time.sleep(0.01)
    with pytest.raises(BusyError):
        strict.run(snapshot, "select 1")
    for thread in slow:
        thread.join()


def test_a_child_outlives_the_thread_that_started_it(snapshot: Snapshot) -> None:
    """The threads of a server come and go; the child that waits for the next question stays."""
    started: list[Child] = []

    def start() -> None:
        found = Sandbox()
        found.warm(snapshot)
        assert found.spare is not None and found.spare[1].is_ready(60)
        started.append(found.spare[1])

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    time.sleep(0.2)
    assert started[0].process.poll() is None
    started[0].end()


def test_the_page_shows_what_the_database_says(client: TestClient) -> None:
    """Rows, errors with the line they are about, and the same as CSV and JSON."""
    text = client.get("/sql", params={"q": "select repository, sum(size_bytes) as all_bytes\nfrom nowhere"}).text
    assert "nowhere" in text and "<mark" in text and "from nowhere" in text
    page = client.get("/sql", params={"q": "select '<script>alert(1)</script>' as x, 1536 as some_bytes"})
    assert "<script>alert" not in page.text and "1.50 <small>KiB" in page.text
    assert client.get("/sql.csv", params={"q": "select 1 as a, null as b"}).text == "a,b\n1,\n"
    assert client.get("/sql.json", params={"q": "select 1 as a"}).json() == [{"a": 1}]
    assert client.get("/sql.csv", params={"q": "drop view tag"}).status_code == 400


def test_every_report_runs_as_sql(client: TestClient) -> None:
    """Its parameters replaced by their values."""
    for name in ("tags", "layers", "repositories", "problems"):
        text = client.get(f"/report/{name}").text
        link = next(part for part in text.split('"') if part.startswith("/sql?q="))
        assert client.get(link.replace("&amp;", "&")).status_code == 200, name
