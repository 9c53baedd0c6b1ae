"""One SQL: views, reports and metrics run in Spark too, over the exported Parquet, with the same rows in order.

In every run a sample of them, as each takes Spark a second or two; all of them where there is time: see seeds.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot

from seeds import some
from sparkdriver import Driver
from tonnage.inventory.database import Inventory, known_tables
from tonnage.inventory.parquet import write_folder
from tonnage.inventory.reports import bind, parse_report
from tonnage.inventory.statements import statements
from tonnage.inventory.template import views_in_order

pytestmark = [pytest.mark.slow, pytest.mark.integration]
ASKED = [(folder, name) for folder in ("reports", "metrics", "metrics_compat") for name in statements(folder)]
SAMPLE, VIEWS = some(ASKED, 12), some(sorted(statements("views")), 12)


@pytest.fixture(scope="module")
def here(demo_inventory: Path) -> Iterator[Inventory]:
    """The demo's inventory in DuckDB."""
    with Inventory(str(demo_inventory)) as inventory:
        yield inventory


@pytest.fixture(scope="module")
def there(here: Inventory, spark: Driver, tmp_path_factory: pytest.TempPathFactory) -> Driver:
    """The same in Spark: its tables as Parquet, and our views over them, as far as they are asked here."""
    lake = tmp_path_factory.mktemp("lake") / "lake"
    write_folder(here, lake)
    asked = [statements(folder)[name].sql for folder, name in SAMPLE]
    views = needed_views([*asked, *(statements("views")[name].sql for name in VIEWS)])
    spark.ask("create database store")
    for table in known_tables():
        if any(re.search(rf"\b{table}\b", sql) for sql in (*asked, *views)):
            (lake / table).mkdir()
            (lake / f"{table}.parquet").rename(lake / table / "0.parquet")
            spark.ask(f"create table store.{table} using parquet location 'file:{lake / table}'")
    for sql in reversed(views):
        for statement in duckdb.extract_statements(sql):
            if "create or replace view" in statement.query:  # not the comments, for which Spark has other words
                ask(spark, statement.query)
    return spark


def needed_views(asked: list[str]) -> list[str]:
    """Return what makes the views that are asked, each before those it reads from."""
    found: list[str] = []
    for sql in reversed(views_in_order()):
        names = re.findall(r"create or replace view (?:store\.)?(\w+)", sql)
        if any(re.search(rf"\b{name}\b", text) for name in names for text in asked + found):
            found.append(sql)
    return found


def ask(driver: Driver, sql: str, values: dict[str, Any] | None = None) -> Any:
    """Return what Spark answers; where it does not read our SQL as it stands, as sqlglot translates it."""
    try:
        return driver.ask(sql, values)
    except AssertionError:
        translated = sqlglot.transpile(sql, read="duckdb", write="spark")[0]
        return driver.ask(translated.replace("'\\\\1'", "'$1'"), values)  # what a replacement calls its first group


def plain(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return rows with numbers as both count them: fractions may have been added up in another order."""
    return [tuple(_plain(value) for value in row) for row in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, (float, Decimal)):
        return pytest.approx(float(value), rel=1e-12)
    return value


@pytest.mark.parametrize("file", SAMPLE, ids="/".join)
def test_an_answer_is_the_same_in_spark(file: tuple[str, str], here: Inventory, there: Driver) -> None:
    """Row for row in order."""
    folder, name = file
    sql, values = statements(folder)[name].sql, {}
    if folder == "reports":
        report = parse_report(name, sql)
        [(digest,)] = here.query("select digest from layer order by size_bytes desc, digest limit 1").rows
        values = bind(here, report, {p.name: digest for p in report.parameters if p.default is None})
        values = {key: value for key, value in values.items() if f"${key}" in sql}
    columns, rows = ask(there, re.sub(r"\$(\w+)", r":\1", sql), values)
    wanted = here.query(sql, values)
    assert (columns, plain(rows)) == (wanted.columns, plain(wanted.rows))


def test_views_have_the_same_rows_in_spark(here: Inventory, there: Driver) -> None:
    """A sample of them, to the last column."""
    for view in VIEWS:
        columns, rows = there.ask(f"select * from {view}")
        wanted = here.query(f"select * from {view}")
        assert columns == wanted.columns, view
        assert plain(sorted(rows, key=repr)) == plain(sorted(wanted.rows, key=repr)), view
