"""`tonnage check`: what breaches its limit, and what nobody can say, which is never taken for fine."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from scanning import scan_tree
from tonnage.checks.breaches import Breach, State, check, exit_code_of, growth_of, to_lines, to_table
from tonnage.checks.limits import Limits, parse_age, parse_growth, parse_quota, parse_room
from tonnage.cli import main
from tonnage.inventory.database import Inventory
from tonnage.inventory.pace import Volume
from tonnage.sample import Builder

NOW = datetime(2026, 11, 25, 12, 0)
"""Two days after the registry was scanned."""
GIB = 1024**3
ALL = Limits(
    parse_room("10%"), (parse_growth("1KiB/7d"),), (parse_quota("ml/*=100KiB"),), True, parse_age("1d")
)  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The inventory of a registry with a repository of 20 KiB, scanned twice in a week: to be read, never changed."""
    folder = tmp_path_factory.mktemp("small")
    registry = Builder(folder / "registry")
    for day in (16, 23):
        registry.repository("ml/training").image([registry.layer(bytes(day * 1024))], tag=f"{day}")
        scan_tree(
            registry.root, folder / "tonnage.duckdb", now=lambda day=day: datetime(2026, 11, day, 12, 0, tzinfo=UTC)
        )
    return folder / "tonnage.duckdb"


def changed(path: Path, sql: str, to: Path) -> Path:
    """Return a copy of an inventory in which something else is found."""
    shutil.copy(path, to)
    with duckdb.connect(str(to)) as database:
        database.execute(sql)
    return to


def found(path: Path, limits: Limits, volume: Volume | None = None) -> list[Breach]:
    """Return the breaches."""
    with Inventory(str(path)) as inventory:
        return check(inventory, limits, volume, NOW)


def states(breaches: list[Breach]) -> list[tuple[str, str]]:
    """Return what is breached or unknown."""
    return [(breach.check, str(breach.state)) for breach in breaches]


SIDES: list[tuple[Limits, int | None, list[State]]] = [
    (Limits(free_below=parse_room("10%")), 10 * GIB, []),
    (Limits(free_below=parse_room("10%")), 10 * GIB - 1, [State.BREACHED]),
    (Limits(free_below=parse_room("5GiB")), 5 * GIB, []),
    (Limits(free_below=parse_room("5GiB")), 5 * GIB - 1, [State.BREACHED]),
    (Limits(free_below=parse_room("5GiB")), None, [State.UNKNOWN]),
    (Limits(older_than=parse_age("2d")), None, []),
    (Limits(older_than=parse_age("47h59m")), None, [State.BREACHED]),
    (Limits(repository_over=(parse_quota("ml/*=100KiB"),)), None, []),
    (Limits(repository_over=(parse_quota("ml/*=10KiB"),)), None, [State.BREACHED]),
    (Limits(repository_over=(parse_quota("no/*=10KiB"),)), None, [State.UNKNOWN]),
    (Limits(grown_over=(parse_growth("30KiB/7d"),)), None, []),
    (Limits(grown_over=(parse_growth("20KiB/7d"),)), None, [State.BREACHED]),
    (Limits(grown_over=(parse_growth("30KiB/30d"),)), None, [State.UNKNOWN]),
    (Limits(blocks_collection=True), None, []),
]


def test_each_limit_on_both_sides(small: Path) -> None:
    """What is just within is fine; a byte or a minute beyond is not; what is not at hand is unknown."""
    with Inventory(str(small)) as inventory:
        for limits, free_bytes, expected in SIDES:
            volume = None if free_bytes is None else Volume(100 * GIB, free_bytes)
            assert [breach.state for breach in check(inventory, limits, volume, NOW)] == expected, limits


@pytest.mark.parametrize(
    ("scans", "expected"),
    [
        ([], (0, False)),  # one scan has no past
        ([(7, 25)], (25, True)),
        ([(6.9, 25)], (25, True)),  # scans are never on the second
        ([(3, 15), (1, 25)], (25, False)),  # in even less time
        ([(3, -15)], (-15, False)),
        ([(30, 25)], (0, False)),  # when in the month, nobody knows
        ([(30, 60), (7, 15), (1, 0)], (15, True)),
        ([(8, 30), (7.1, 25), (1, -50)], (25, True)),  # the nearest counts
    ],
)
def test_growth(scans: list[tuple[float, int]], expected: tuple[int, bool]) -> None:
    """In a week; `scans` are days before the last one, and the bytes that were gained since."""
    sizes = [*((NOW - timedelta(days=days), 100 - gained) for days, gained in scans), (NOW, 100)]
    assert growth_of(sizes, 7 * 86400)[1:] == expected


def test_what_cannot_be_said_is_unknown(small: Path, tmp_path: Path) -> None:
    """Over HTTP, and of a storage that lost its blobs; a scan's age is known all the same."""
    unknown = [(name, "unknown") for name in ("free-below", "grown-over", "repository-over", "blocks-collection")]
    for name, change in {
        "http": "update store.source set kind = 'registry', has_files = false, has_untagged = false",
        "unmounted": "insert into store.problem (kind) select 'revision_without_blob' from range(2)",
    }.items():
        path = changed(small, change, tmp_path / f"{name}.duckdb")
        assert sorted(set(states(found(path, ALL)))) == sorted([*unknown, ("older-than", "breached")])


def test_what_blocks_a_collection_is_named(small: Path, tmp_path: Path) -> None:
    """A line for each kind; how it ends, as rows and as lines."""
    sql = "insert into store.problem (path, kind) values ('repositories/a/x/link', 'empty_revision_link')"
    path = changed(small, sql, tmp_path / "blocked.duckdb")
    breaches = found(path, Limits(blocks_collection=True))
    assert [(breach.subject, breach.value) for breach in breaches] == [("empty_revision_link", 1)]
    assert to_lines(breaches) == (
        "blocks-collection: empty_revision_link: 1 problem would stop a collection by 2.x, 2.x -m, 3.x, 3.x -m\n"
    )
    table = to_table(breaches)
    assert dict(zip(table.columns, table.rows[0], strict=True))["found_count"] == 1
    assert [exit_code_of(breaches), exit_code_of(found(path, Limits(free_below=parse_room("1B")))), exit_code_of([])] == [
        27, 28, 0,
    ]  # fmt: skip


def test_the_command(small: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is printed where all is fine, as cron mails what is; a slip is refused, and so is no limit at all."""
    monkeypatch.setattr("tonnage.cli.volume.volume_at", lambda place: Volume(100 * GIB, 4 * GIB))

    def call(*words: str) -> tuple[object, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["check", "-i", str(small), *words])
        return ended.value.code or 0, *capsys.readouterr()

    assert call("--free-below", "3%", "--older-than", "100y") == (0, "", "")
    code, out, err = call("--free-below", "5%", "--json")
    assert (code, err) == (27, "")
    [row] = json.loads(out)
    assert (row["check"], row["state"], row["found_percent"], row["limit"]) == ("free-below", "breached", 4.0, "5%")
    for wrong in (
        (), ("--free-below", "101%"), ("--free-below", "little"), ("--grown-over", "1GiB"), ("--grown-over", "1GiB/0"),
        ("--repository-over", "team"), ("--repository-over", "=1GiB"), ("--older-than", "old"),
    ):  # fmt: skip
        code, out, err = call(*wrong)
        assert (code, out) == (2, "") and "hint:" in err, wrong
