"""The dashboard over PostgreSQL: every query in it is run there, by the role and in the form that Grafana asks."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import postgresserver
from scanning import scan_tree
from tonnage.errors import QueryError
from tonnage.inventory.database import Inventory, Table
from tonnage.inventory.postgresql.address import Address, parse_address
from tonnage.inventory.postgresql.session import Session
from tonnage.inventory.postgresql.writing import write_postgresql
from tonnage.monitor import Monitor
from tonnage.sample import Builder

pytestmark = pytest.mark.integration

GRAFANA = Path(__file__).parents[2] / "deploy" / "grafana" / "postgresql"
DASHBOARD = json.loads((GRAFANA / "dashboards" / "tonnage-postgresql.json").read_text())
PANELS = {panel["id"]: panel for panel in DASHBOARD["panels"] if panel["type"] != "row"}
VARIABLES = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
FIRST, SECOND = (datetime(2026, 11, day, 12, tzinfo=UTC) for day in (22, 23))
NUMBERS = ("BIGINT", "INTEGER", "HUGEINT", "DOUBLE")


@pytest.fixture(scope="session")  # as the server is, whose roles can be made once
def reader(postgresql: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Grafana's role, made by role.sql, where tonnage's exported a registry before a change and after it."""
    make_roles(postgresql)
    place = postgresql.replace("//me@", "//tonnage@")
    folder = tmp_path_factory.mktemp("grafana")
    registry = Builder(folder / "registry", when=FIRST - timedelta(days=300))
    app = registry.repository("app")
    shared, large = (registry.layer(size_bytes=size, seed=str(size)) for size in (1000, 90_000))
    for tag, layers in (("1", [shared]), ("2", [shared, large])):
        app.image(layers, tag=tag)
    app.pull_all(FIRST - timedelta(days=200))
    export(folder, FIRST, f"{place}&schema=watched")
    app.untag("2")
    team = registry.repository("team/new")
    gone = registry.layer(size_bytes=5000, seed="gone")
    team.image([gone], tag="broken")
    registry.blob_path(gone.digest).unlink()
    registry.layer(size_bytes=7000, seed="orphaned")
    export(folder, SECOND, f"{place}&schema=watched")
    address = Address(parse_address(postgresql).uri.replace("//me@", "//grafana@"), "watched")
    with Session(address, {}, autocommit=True) as session:
        yield session


def make_roles(place: str) -> None:
    """Run role.sql as the documents say."""
    psql = postgresserver.programs()
    assert psql
    subprocess.run(
        [psql / "psql", "--no-psqlrc", "--quiet", parse_address(place).uri, "--file", GRAFANA / "role.sql"],
        env={**os.environ, "TONNAGE_PASSWORD": "it's", "READER_PASSWORD": "a $word"},
        check=True,
    )


def export(folder: Path, now: datetime, place: str) -> None:
    """Scan and export as `tonnage` does it each night."""
    scan_tree(folder / "registry", folder / "tonnage.duckdb", now=lambda: now)
    with Inventory(str(folder / "tonnage.duckdb")) as inventory:
        write_postgresql(inventory, place, Monitor())


def asked(session: Session, sql: str, since: datetime = FIRST - timedelta(days=1)) -> Table:
    """Return what a query of the dashboard answers, its choices and its times put in as Grafana does."""
    until = SECOND + timedelta(days=1)
    between = rf"\1 BETWEEN '{since:%Y-%m-%dT%H:%M:%SZ}' AND '{until:%Y-%m-%dT%H:%M:%SZ}'"
    sql = re.sub(r"\$__timeFilter\(([\w.]+)\)", between, sql)
    chosen = {name: variable["query"].split(",")[0] for name, variable in VARIABLES.items()} | {"schema": "watched"}
    return session.query(re.sub(r"\$(\w+)", lambda match: chosen[match[1]], sql))


def panel(title: str) -> str:
    """Return the query of a panel."""
    (found,) = [panel for panel in PANELS.values() if panel["title"] == title]
    return str(found["targets"][0]["rawSql"])


@pytest.mark.parametrize("number", PANELS, ids=lambda number: PANELS[number]["title"])
def test_a_panel_has_rows(reader: Session, number: int) -> None:
    """In the form that it draws: one number, a table of the columns it names, or a time, a name and a number."""
    shown = PANELS[number]
    (target,) = shown["targets"]
    found = asked(reader, target["rawSql"])
    assert found.rows
    types = dict(zip(found.columns, found.types, strict=True))
    match shown["type"]:
        case "stat":
            assert [len(row) for row in found.rows] == [1]
            assert found.types[0] in NUMBERS and found.rows[0][0] is not None
        case "table":
            (organized,) = [change["options"] for change in shown["transformations"] if change["id"] == "organize"]
            assert list(organized["renameByName"]) == found.columns
        case "bargauge":
            assert [found.types[0], types["size_bytes"] in NUMBERS] == ["VARCHAR", True]
        case "timeseries":
            assert (target["format"], found.columns[:2]) == ("time_series", ["time", "metric"])
            assert [found.types[0].startswith("TIMESTAMP"), *found.types[1:]] == [True, "VARCHAR", "BIGINT"]
            assert [row[0] for row in found.rows] == sorted(row[0] for row in found.rows)


def test_history_grows_with_each_export(reader: Session) -> None:
    """A point for each scan, whose sums are the totals; what grew is what the second scan has more."""
    points = asked(reader, panel("Disk by class")).rows
    sums = [sum(row[2] for row in points if row[0].day == day) for day in (22, 23)]
    assert sums == [row[0] for row in reader.query("select size_bytes from watched.scan order by scan_id").rows]
    assert asked(reader, panel("Grown")).rows == [(sums[1] - sums[0],)]
    grown = asked(reader, panel("Repositories that grew")).rows
    assert [row[0] for row in grown] == ["team/new", "app"] and grown[0][1] > 0 == grown[1][1]


@pytest.mark.parametrize("title", ["Grown", "Repositories that grew"])
def test_one_scan_has_grown_by_nothing_known(reader: Session, title: str) -> None:
    """What was before it is unknown, and unknown is not 0."""
    assert asked(reader, panel(title), since=SECOND - timedelta(hours=1)).rows == []


def test_what_is_read_off_totals_is_what_the_views_say(reader: Session) -> None:
    """To add up all blobs takes seconds where there are a million; the sums are the same."""
    [[logical]] = reader.query("select sum(logical_bytes) from watched.repository_usage").rows
    [[stored]] = reader.query("select sum(size_bytes) from watched.blob_usage where class <> 'orphaned'").rows
    assert asked(reader, panel("Saved by sharing")).rows == [(logical - stored,)]
    [[count]] = reader.query("select count(*) from watched.untagged").rows
    assert asked(reader, panel("Revisions without a tag")).rows == [(count,)]


def test_what_could_go_is_what_is_there(reader: Session) -> None:
    """The lists name the layer with one reference, the revision without a tag and the orphaned blob."""
    assert [row[1:3] for row in asked(reader, panel("Layers with few references and a large size")).rows] == [
        (90_000, 1),
        (1000, 2),
    ]
    [untagged] = asked(reader, panel("Untagged revisions")).rows
    assert untagged[0] == "app" and untagged[2] > 90_000
    assert [row[1] for row in asked(reader, panel("Orphaned blobs")).rows] == [7000]
    assert [row[:2] for row in asked(reader, panel("Unused")).rows] == [
        ("app", None),
        ("app", "1"),
        ("team/new", "broken"),
    ]


def test_what_it_may_read_is_there_to_be_chosen(reader: Session, postgresql: str) -> None:
    """Neither what another role exported, nor what an export has just replaced."""
    with Session(parse_address(postgresql), {}, autocommit=True) as owner:
        for schema in ("hidden", "watched_old"):
            owner.run(f"create schema {schema}")
            owner.run(f"comment on schema {schema} is 'tables of a tonnage inventory, version 5'")
            owner.run(f"create view {schema}.class_total as select 1 as files_count")
        owner.run("grant usage on schema watched_old to grafana")
        owner.run("grant select on watched_old.class_total to grafana")
        assert asked(reader, VARIABLES["schema"]["query"]).rows == [("watched",)]
        for schema in ("hidden", "watched_old"):
            owner.run(f"drop schema {schema} cascade")


def test_the_role_reads_and_nothing_else(reader: Session) -> None:
    """Even if it asks to write."""
    for statement in (
        "drop view watched.layer",
        "delete from watched_store.blob",
        "create table public.mine (a integer)",
    ):
        with pytest.raises(QueryError, match="read-only transaction"):
            reader.run(statement)
        reader.run("begin read write")
        with pytest.raises(QueryError, match=r"permission denied|must be owner"):
            reader.run(statement)
        reader.run("rollback")
