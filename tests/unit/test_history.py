"""Totals of earlier scans: thinned out as they grow old, and what is left still says how much there was, day by day."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from tonnage.inventory.database import connect
from tonnage.inventory.statements import statements

if TYPE_CHECKING:
    import duckdb

BEGIN = datetime(2025, 3, 5, 7)
"""A Wednesday."""
DAYS = 130


def begun() -> duckdb.DuckDBPyConnection:
    """Return an inventory without a scan, as far as totals need one."""
    connection = connect()
    connection.execute("create schema store")
    for name in ("scan", "scan_class", "scan_repository"):
        connection.execute(statements("tables")[name].sql)
    return connection


def add(connection: duckdb.DuckDBPyConnection, scans: list[tuple[int, datetime, int]]) -> None:
    """Add scans: number, time, and how much a repository has, which alone says how much there is."""
    names = ("scan_ids", "times", "sizes")
    values = dict(zip(names, map(list, zip(*scans, strict=True)), strict=True))
    connection.execute(
        "create or replace temp table added as"
        " select unnest($scan_ids) as scan_id, unnest($times) as finished_at, unnest($sizes) as size_bytes",
        values,
    )
    connection.execute(
        "insert into store.scan"
        " select scan_id, finished_at, finished_at, '/r', '1', 5, true, true, 7, 99, 0, 0 from added;"
        "insert into store.scan_class select scan_id, 'tagged', 7, 99 from added;"
        "insert into store.scan_repository select scan_id, 'app', 1, 1, size_bytes, 1, 1 from added"
    )


def test_what_is_kept_says_what_there_was_at_the_end_of_each_day_and_week() -> None:
    """Of three scans a day, thinned out every few days, as they come; each table keeps the same ones."""
    connection = begun()
    dice = Random(5)
    sizes: dict[datetime, int] = {}
    coming: list[tuple[int, datetime, int]] = []
    size_bytes = 0
    for number in range(DAYS * 3):
        when = BEGIN + number * timedelta(hours=8)
        size_bytes += dice.choice((0, 0, 0, 0, 0, 0, 0, 0, 1, 1000))
        sizes[when] = size_bytes
        coming.append((number + 1, when, size_bytes))
        if number % 10 == 0 or number == DAYS * 3 - 1:
            add(connection, coming)
            coming.clear()
            connection.execute(statements("scan")["thinned"].sql)
    sql = "select s.finished_at, r.stored_bytes from store.scan as s join store.scan_repository as r using (scan_id)"
    kept = dict(connection.execute(sql).fetchall())
    (counts,) = connection.execute(
        "select (select count(*) from store.scan), (select count(*) from store.scan_class)"
    ).fetchall()
    assert counts == (len(kept), len(kept))
    assert all(sizes[when] == size for when, size in kept.items())
    now = max(sizes)
    assert {when for when in sizes if when > now - timedelta(days=7)} <= kept.keys()
    assert {f"{when:%G %V}" for when in sizes if when <= now - timedelta(days=97)} & {f"{when:%G %V}" for when in kept}
    assert len(kept) < 21 + 83 + 7
    for day in {when.date() for when in sizes}:
        ends = datetime(day.year, day.month, day.day) + timedelta(days=1)
        is_end_of_week = ends.weekday() == 0
        if now - timedelta(days=89) < ends <= now - timedelta(days=8) or is_end_of_week:
            before = max(when for when in sizes if when < ends)
            assert kept[max(when for when in kept if when < ends)] == sizes[before], ends


def test_where_nothing_changes_the_first_and_the_last_are_kept() -> None:
    """Nothing lies between them, but for the week in which all are kept."""
    connection = begun()
    add(connection, [(day + 1, BEGIN + timedelta(days=day), 5) for day in range(40)])
    connection.execute(statements("scan")["thinned"].sql)
    found = [scan_id for (scan_id,) in connection.execute("select scan_id from store.scan order by all").fetchall()]
    assert found == [1, 33, 34, 35, 36, 37, 38, 39, 40]


def test_one_scan_stays() -> None:
    """However old it is, and whatever the clock said."""
    connection = begun()
    add(connection, [(1, datetime(1970, 1, 1), 5)])
    connection.execute(statements("scan")["thinned"].sql)
    assert connection.execute("select count(*) from store.scan").fetchall() == [(1,)]
