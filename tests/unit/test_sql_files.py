"""Rules for every SQL file, those to come included: it says what a row is, it runs, and its columns have a meaning."""

from __future__ import annotations

import inspect
import re
from hashlib import sha256
from pathlib import Path

import duckdb
import pytest

from golden import check_golden
from tonnage.inventory.database import Inventory
from tonnage.inventory.reports import Report, builtin_reports, run_report
from tonnage.inventory.rows import SCHEMA_VERSION
from tonnage.inventory.statements import statements
from tonnage.scan import contents, layouts, links, listing
from tonnage.scan.over_http import manifests, names, work
from tonnage.scan.run import scan
from tonnage.storage.local import open_local

pytestmark = pytest.mark.slow

SOURCE = Path(__file__).parents[2] / "src" / "tonnage"
FOLDERS = sorted(path.name for path in (SOURCE / "inventory" / "sql").iterdir() if path.is_dir())
FILES = [(folder, name) for folder in FOLDERS for name in statements(folder)]
QUESTIONS = ("tables", "views", "reports", "metrics", "metrics_compat", "diff")
"""Folders of statements that yield rows to people: their titles say what a row is."""
NEVER_EMPTY = {
    "growth": "the scan of an empty registry is a scan",
}
"""Reports with rows for an empty registry, and why."""
REPORTS = list(builtin_reports().values())


def file_id(file: tuple[str, str]) -> str:
    """Return folder and name."""
    return "/".join(file)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The inventory of a registry with nothing in it."""
    folder = tmp_path_factory.mktemp("empty")
    for name in ("blobs", "repositories"):
        (folder / "v2" / name).mkdir(parents=True)
    scan(open_local(str(folder / "v2")), str(folder / "tonnage.duckdb"))
    return folder / "tonnage.duckdb"


def values_for(report: Report, inventory: Inventory) -> dict[str, str]:
    """Return values for the parameters that must be given: any digest there is."""
    found = inventory.query("select digest from store.digest order by digest limit 1").rows
    return {parameter.name: found[0][0] for parameter in report.parameters if parameter.default is None and found}


@pytest.mark.parametrize("file", FILES, ids=file_id)
def test_the_first_line_is_a_comment(file: tuple[str, str]) -> None:
    """In tables, views and reports it ends with what a row is."""
    folder, name = file
    statement = statements(folder)[name]
    assert statement.sql.startswith("-- ")
    if folder in QUESTIONS:
        assert re.search(r"One row per [^.]+\.\Z|One row per [^.]+; [^.]+\.\Z", statement.title), statement.title


@pytest.mark.parametrize("file", FILES, ids=file_id)
def test_the_style_is_one(file: tuple[str, str]) -> None:
    """Keywords are lower case, lines end in a newline and not in blanks, and views name their columns."""
    sql = statements(file[0])[file[1]].sql
    code = re.sub(r"--[^\n]*|'(?:[^']|'')*'", "", sql)
    assert not re.search(r"\b(SELECT|FROM|WHERE|JOIN|INSERT|CREATE|GROUP BY|ORDER BY)\b", code)
    assert sql.endswith("\n") and not re.search(r"[ \t]$", sql, re.MULTILINE)
    assert file[0] != "views" or not re.search(r"select\s+(?:\w+\.)?\*", code)


@pytest.mark.parametrize("file", FILES, ids=file_id)
def test_only_the_last_statement_takes_values(file: tuple[str, str]) -> None:
    """The database refuses values for a file of several statements, but for its last one."""
    *first, _ = duckdb.extract_statements(statements(file[0])[file[1]].sql)
    assert [statement.query for statement in first if statement.named_parameters] == []


def test_other_tables_have_another_version(empty: Path, accept: bool) -> None:
    """A column more or less, in a table or a view: raise SCHEMA_VERSION, so that older inventories are refused."""
    with Inventory(str(empty)) as inventory:
        columns = inventory.query(
            "select table_name, column_name, data_type from information_schema.columns"
            " where table_schema in ('store', 'main') order by table_name, ordinal_position"
        ).rows
    assert len(columns) > 300
    text = "".join(f"{' '.join(column)}\n" for column in columns)
    check_golden("inventory/version", f"{SCHEMA_VERSION} {sha256(text.encode()).hexdigest()}\n", accept)


@pytest.mark.parametrize("name", sorted(statements("views")))
def test_a_view_is_named_as_its_file(name: str) -> None:
    """And its comment is the file's first line, which the reference and `tonnage tables` show."""
    statement = statements("views")[name]
    assert f"create or replace view {name} as" in statement.sql
    assert f"comment on view {name} is '{statement.title.replace(chr(39), chr(39) * 2)}';" in statement.sql


def test_everything_in_the_database_has_a_comment(demo_inventory: Path) -> None:
    """Every table, view and column, inside and outside."""
    with Inventory(str(demo_inventory)) as inventory:
        here = "database_name = current_database() and schema_name in ('main', 'store') and comment is null"
        tables = inventory.query(f"select table_name from duckdb_tables() where {here}").rows
        views = inventory.query(f"select view_name from duckdb_views() where not internal and {here}").rows
        columns = inventory.query(f"select table_name, column_name from duckdb_columns() where {here}").rows
    assert (tables, views, columns) == ([], [], [])


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
def test_a_report_on_an_empty_registry_has_no_rows(report: Report, empty: Path) -> None:
    """It runs all the same; what must be given is given as what is not there."""
    with Inventory(str(empty)) as inventory:
        given = {p.name: "sha256:00" for p in report.parameters if p.default is None}
        rows = inventory.query(report.sql, dict(given)).rows if given else run_report(inventory, report, {}).rows
    assert bool(rows) == (report.name in NEVER_EMPTY)


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
def test_a_report_says_the_same_twice(report: Report, demo_inventory: Path) -> None:
    """Its order is final: no two rows may change places."""
    with Inventory(str(demo_inventory)) as inventory:
        values = values_for(report, inventory)
        first, second = (run_report(inventory, report, values) for _ in range(2))
    assert first == second
    assert len(set(first.columns)) == len(first.columns)


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
def test_a_report_keeps_to_the_views(report: Report) -> None:
    """Tables inside are asked by views alone, and values are bound, each parameter of the header and no other."""
    assert "store." not in report.sql
    code = re.sub(r"--[^\n]*", "", report.sql)
    assert set(re.findall(r"\$(\w+)", code)) == {parameter.name for parameter in report.parameters}


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
def test_a_report_has_an_example_of_itself(report: Report) -> None:
    """Help and reference show it."""
    assert f"-- Example: tonnage {report.name}" in report.sql


def test_kinds_of_problems_agree(demo_inventory: Path) -> None:
    """What code and SQL can report is explained in problem_kind, and what is explained can be reported."""
    with Inventory(str(demo_inventory)) as inventory:
        explained = {kind for (kind,) in inventory.query("select kind from problem_kind").rows}
    assert sorted(reported_by_sql() | reported_by_code()) == sorted(explained)


def reported_by_sql() -> set[str]:
    """Return the kinds that statements report: their only words with an underscore, and schema1."""
    makers = [s.sql for name, s in statements("load").items() if name.startswith("problem_") and name != "problem_kind"]
    return set(re.findall(r"'(\w*_\w+|schema1)'", "".join([*makers, statements("load")["misnamed"].sql])))


def reported_by_code() -> set[str]:
    """Return the kinds that the listing and the reading of contents report: those given by name, and those formed."""
    source = "".join(
        inspect.getsource(module) for module in (listing, links, contents, layouts, manifests, names, work)
    )
    given = set(re.findall(r'(?:[._]problem|problems\.add|add_at)\((?:out, )?"(\w+)"', source))
    strays = set(re.findall(r'return "(\w+)"', inspect.getsource(listing._stray_kind)))
    formed = {f"{state}_{what}_link" for state in ("empty", "bad") for what in ("revision", "layer", "tag")}
    mismatches = {"revision_link_mismatch", "layer_link_mismatch"}  # a tag's path spells no digest to differ from
    return given | strays | formed | mismatches | set(listing._TYPE_PROBLEMS.values())
