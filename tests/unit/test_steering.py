"""Every report can be steered, those to come and an operator's own included: one model in Python says what comes out."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.shell_completion import ShellComplete as Completing

from tonnage.cli import COMMANDS, main, program
from tonnage.cli.options import SETTINGS
from tonnage.cli.output_options import _PROGRAM_FORMS
from tonnage.cli.reports import all_reports
from tonnage.cli.topics import TOPICS
from tonnage.errors import TonnageError, UsageError
from tonnage.inventory.database import Inventory, Table
from tonnage.inventory.reports import Report, builtin_reports, run_report
from tonnage.inventory.steering import NOT_STEERED, Steering, steer, steer_rows
from tonnage.planning.policy import parse_policy
from tonnage.show.forms import BINARY, FORMS, TEXT, form_of, to_markdown, to_xlsx

pytestmark = pytest.mark.slow

OWN = """-- Tags of my own. One row per tag.
-- $repository repository any: only tags of these repositories
-- $word text any: whatever
select repository, tag, length(tag) as tag_count, 0.5 as half, [tag] as list, $word as word
from tag where repository like $repository escape '!' -- and no more
order by all desc;
-- the end
"""
REPORTS = [*sorted(builtin_reports()), "own"]
HOSTILE = (
    "1; drop table scan", "true) or (true", "true /*", "true;", "$x = 1", "? = 1", "true as t", "1, 2",
    "true from tag", "true where true", "true limit 1", "true order by 1", "true union select true", "", " ",
    "delete from scan", "(select count(*) from read_text('/etc/passwd')) > 0", "'a", "$$", "distinct true", "\x00",
    "(select 1 from pragma_database_list) = 1) -- ", "getenv('HOME') = ''", "sum(1) > 0",
)  # fmt: skip
"""Conditions that are none, or reach for what is not theirs."""
Row = dict[str, Any]


@pytest.fixture(autouse=True)
def folder(
    tmp_path: Path, demo_inventory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Path]:
    """An empty folder with a folder of reports in it, an inventory, and no screen."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setenv("TONNAGE_INVENTORY", str(demo_inventory))
    monkeypatch.setenv("TONNAGE_REPORTS", str(tmp_path))
    (tmp_path / "own.sql").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    all_reports.cache_clear()
    yield tmp_path
    all_reports.cache_clear()


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Call the program in this process; return its exit code and what it put out."""
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(ended.value.code or 0), *capsys.readouterr()


@pytest.fixture(scope="module")
def opened(demo_inventory: Path) -> Iterator[Inventory]:
    """The inventory, opened once."""
    with Inventory(str(demo_inventory)) as inventory:
        yield inventory


def given(report: Report, inventory: Inventory) -> dict[str, str]:
    """Return what a report must be given: a digest that many need."""
    ((digest,),) = inventory.query("select digest from blob_usage order by references_count desc, digest limit 1").rows
    return {parameter.name: digest for parameter in report.parameters if parameter.default is None}


def rows_of(table: Table) -> list[Row]:
    """Return an answer as a program reads it."""
    found: list[Row] = json.loads(TEXT["json"](table))
    return found


def sorted_by(rows: list[Row], column: str, *, is_descending: bool) -> list[Row]:
    """Return rows in the order of a column, unknown last, ties as they were."""
    known = [row for row in rows if row[column] is not None]
    known.sort(key=lambda row: row[column], reverse=is_descending)
    if is_descending:  # `reverse` keeps ties in their order
        assert known == sorted(known, key=lambda row: row[column], reverse=True)
    return known + [row for row in rows if row[column] is None]


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_can_be_steered(name: str, opened: Inventory) -> None:
    """Sorted by a column either way, restricted, cut to some: as a list of its rows would be."""
    report = all_reports()[name]
    values = given(report, opened)
    table = run_report(opened, report, values)
    rows, columns = rows_of(table), table.columns
    measure = next((column for column in columns if column.endswith("_bytes")), columns[0])
    for column, sign in ((columns[-1], ""), (measure, "-")):
        kept = tuple(reversed(columns[columns.index(column) :]))
        asked = Steering(f'"{columns[0]}" is not null', (sign + column,), kept)
        expected = sorted_by([row for row in rows if row[columns[0]] is not None], column, is_descending=bool(sign))
        found = run_report(opened, report, values, asked)
        assert (found.columns, rows_of(found)) == (list(kept), [{key: row[key] for key in kept} for row in expected])
        some = run_report(opened, report, values, asked._replace(offset=1, limit=2))
        assert some == found._replace(rows=found.rows[1:3], whole_count=len(found.rows))
    for offset, limit in ((0, 1), (1, 2), (len(rows), 5), (1, 10**30), (10**30, 1)):
        some = run_report(opened, report, values, Steering(offset=offset, limit=limit))
        assert some == table._replace(rows=table.rows[offset : offset + limit], whole_count=len(rows))
    for wrong in (
        Steering(sort=(columns[0] + "x",)),
        Steering(columns=(columns[0] + "x",)),
        Steering(columns[0] + "x"),
    ):
        with pytest.raises(UsageError) as refused:
            run_report(opened, report, values, wrong)
        assert f"did you mean `{columns[0]}`?" in refused.value.next_step


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_has_every_form(
    name: str, opened: Inventory, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same values in each, however it is read; and the command takes all options together."""
    report = all_reports()[name]
    values = given(report, opened)
    table = run_report(opened, report, values)
    table = table._replace(rows=table.rows[1:4])
    rows = rows_of(table)
    for form in _PROGRAM_FORMS:
        path = folder / f"it.{form}"
        path.write_bytes(TEXT[form](table).encode() if form in TEXT else BINARY[form](table))
        read = READERS[form](path, rows)
        assert read == rows if form != "md" else len(read) == len(rows), form
    column = table.columns[0]
    call_words = [name, *values.values(), "--limit", "3", "--offset", "1", "--wide", "--where", "true"]
    code, out, _ = call(capsys, *call_words)
    whole = [value for row in rows for value in row.values() if str(value).startswith("sha256:")]
    assert (code, [digest for digest in whole if digest not in out]) == (0, [])
    assert call(capsys, *call_words, "--columns", column, "-o", "cut.jsonl")[0] == 0
    cut = [json.loads(line) for line in (folder / "cut.jsonl").read_text().splitlines()]
    assert cut == [{column: row[column]} for row in rows]


@pytest.mark.parametrize(
    ("sql", "columns", "rows"),
    [
        ("select 1 as a, 2 as a", ["a", "a"], [(1, 2)]),
        ("select 1 as a, 2 as A, 3 as a_1", ["a", "A", "a_1"], [(1, 2, 3)]),
        ("select 1 as position, 2 as total -- the end;\n;", ["position", "total"], [(1, 2)]),
        ("select 'a\u2028b\u0085c\x0cd' as a", ["a"], [("a\u2028b\u0085c\x0cd",)]),
        ("select 1 as a --x\u2028, 2 as b", ["a"], [(1,)]),
        ("create or replace temp table x as select 1 as a; from x", ["a"], [(1,)]),
    ],
)
def test_what_is_cut_is_as_it_was(
    opened: Inventory, sql: str, columns: list[str], rows: list[tuple[object, ...]]
) -> None:
    """Whatever a report of one's own looks like: names, text in it, and what is no single query."""
    for steering in (Steering(limit=5), NOT_STEERED):
        found = steer(opened.query, sql, {}, steering)
        assert (found.columns, found.rows) == (columns, rows)


def read_delimited(text: str, delimiter: str, rows: list[Row]) -> list[Row]:
    """Return rows of a CSV whose texts are as in JSON, made values of the kinds that `rows` have."""
    found = list(csv.DictReader(io.StringIO(text), delimiter=delimiter))
    return [
        {key: as_in(mine[key], value) for key, value in row.items()}
        for row, mine in zip(found, rows, strict=True)
    ]  # fmt: skip


def as_in(model: Any, text: str) -> Any:
    """Return a text as a value of the model's kind."""
    return text if isinstance(model, str) else None if text == "" else json.loads(text)


def read_parquet(path: Path, rows: list[Row]) -> list[Row]:
    """Return the rows of a Parquet file as JSON has them; lists have become text."""
    with duckdb.connect() as connection:
        found = connection.execute(f"from read_parquet('{path}')")
        names, types = [d[0] for d in found.description], [str(d[1]) for d in found.description]
        table = found.fetchall()
    assert all(kind == "BIGINT" for name, kind in zip(names, types, strict=True) if name == "size_bytes")
    return [
        {
            name: json.loads(value) if isinstance(mine[name], list | float) and isinstance(value, str)
            else value.isoformat() + "Z" if hasattr(value, "isoformat") else value
            for name, value in zip(names, row, strict=True)
        }
        for row, mine in zip(table, rows, strict=True)
    ]  # fmt: skip


def read_xlsx(path: Path, rows: list[Row]) -> list[Row]:
    """Return the rows of a sheet by its cells: that it opens is for Excel to say; here, that nothing in it is a formula."""
    import zipfile

    with zipfile.ZipFile(path) as packed:
        sheet = packed.read("xl/worksheets/sheet1.xml").decode()
    assert (sheet.count("<row "), "<f>" in sheet, "hyperlink" in sheet) == (len(rows) + 1, False, False)
    return rows


def read_html(path: Path, rows: list[Row]) -> list[Row]:
    """Return the rows if there is a line for each."""
    assert path.read_text().count("<tr>") == len(rows) + 1
    return rows


READERS = {
    "json": lambda path, rows: json.loads(path.read_text()),
    "jsonl": lambda path, rows: [json.loads(line) for line in path.read_text().splitlines()],
    "csv": lambda path, rows: read_delimited(path.read_text(), ",", rows),
    "tsv": lambda path, rows: read_delimited(path.read_text(), "\t", rows),
    "md": lambda path, rows: path.read_text().splitlines()[2:],
    "html": read_html,
    "parquet": read_parquet,
    "xlsx": read_xlsx,
}  # fmt: skip


def test_the_forms_are_those_of_the_options() -> None:
    """Help names them without importing what writes them."""
    assert ("table", *_PROGRAM_FORMS) == FORMS
    assert [form_of(f"it.{form}") for form in _PROGRAM_FORMS] == list(_PROGRAM_FORMS)
    assert set(READERS) == set(_PROGRAM_FORMS)


@pytest.mark.parametrize("where", HOSTILE)
def test_a_condition_is_one_expression(where: str, opened: Inventory) -> None:
    """It ends no brackets, adds no statement, and reaches no file; nothing at all is no condition."""
    asked = Steering(where=where)
    if not where:
        assert len(steer(opened.query, "from scan", {}, asked).rows) == 1
        return
    with pytest.raises(TonnageError) as refused:
        steer(opened.query, "from scan", {}, asked)
    assert isinstance(refused.value, UsageError) or "passwd" in where


@pytest.mark.parametrize("where", ["size_bytes > 0", "tag like 'a%' -- ends", "size_bytes in (1, 2) or tag is null"])
def test_answers_are_steered_as_queries_are(where: str) -> None:
    """What no single query gave: lists of a collection, a comparison of two inventories."""
    rows: list[tuple[Any, ...]] = [("a", 1, [1]), ("b", 2, None), (None, None, [2, 3])]
    table = Table(["tag", "size_bytes", "list"], ["VARCHAR", "BIGINT", "INTEGER[]"], rows)
    found = steer_rows(table, Steering(where=where, sort=("-size_bytes",), columns=("size_bytes", "tag")))
    every = [(2, "b"), (1, "a"), (None, None)]
    expected = {"size_bytes >": every[:2], "tag like 'a%": every[1:2]}.get(where[:12], every)
    assert (found.columns, found.rows) == (["size_bytes", "tag"], expected)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("tags --repository ml/trainin", "`ml/training`"),
        ("tags --repository nothing*", "select repository from repository"),
        ("tags --tag latestt", "`latest`"),
        ("problems --kind stary", "`stray`"),
        ("repositories --namespace shopp", "`shop`"),
        ("own --repository ml/trainin", "`ml/training`"),
        ("report own.sql --set repositry=x", "`repository`"),
        ("tables blobs", "`blob`"),
        ("tags --repository a[b]", "write * for any characters"),
    ],
)
def test_a_misspelt_name_is_a_slip(words: str, meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2 with what was meant, and no empty answer."""
    code, _, err = call(capsys, *words.split())
    assert (code, meant in err) == (2, True), err


def test_names_are_globs(capsys: pytest.CaptureFixture[str]) -> None:
    """`*` and `?`, slashes too; what SQL takes for special is itself."""
    found = {row["repository"] for row in json.loads(call(capsys, "tags", "--repository", "ml/*", "--json")[1])}
    assert found == {"ml/training", "ml/notebook"}
    assert {row["tag"] for row in json.loads(call(capsys, "tags", "--tag", "c?da", "--json")[1])} == {"cuda"}
    assert call(capsys, "tags", "--repository", "ml_training")[0] == 2
    growth = json.loads(call(capsys, "growth", "--repository", "ml/*", "--json")[1])
    assert {row["repository"] for row in growth} == found


def test_what_defaults_hide_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """How many more there are, under the condition given; nothing where the option was given, or to programs."""
    everything = json.loads(call(capsys, "layers", "--max-references", "any", "--json")[1])
    few = json.loads(call(capsys, "layers", "--json")[1])
    _, _, err = call(capsys, "layers")
    more = len(everything) - len(few)
    assert err == f"{more} more with --max-references any (default: 2)\n"
    assert call(capsys, "layers", "--max-references", "2")[2] == call(capsys, "layers", "--json")[2] == ""
    large = [row for row in everything if row["size_bytes"] > 10**8]
    hidden = len(large) - len([row for row in few if row["size_bytes"] > 10**8])
    assert f"{hidden} more with" in call(capsys, "layers", "--where", "size_bytes > 1e8")[2]


def test_bytes_are_not_for_a_screen(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal would be upset; a pipe is fine."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    code, _, err = call(capsys, "overview", "--format", "parquet")
    assert (code, "-o FILE" in err) == (2, True)


def test_hostile_cells_stay_text() -> None:
    """No formula in a sheet, no markup in Markdown."""
    table = Table(["tag"], ["VARCHAR"], [("=1+1|<b>`x`",)])
    assert to_markdown(table).splitlines()[2] == "| =1+1\\|\\<b\\>\\`x\\` |"
    assert b"<f>" not in to_xlsx(table)


# --- help and completion --------------------------------------------------------------------------------------------


def test_help_is_one_screen_and_topics_have_the_rest(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command and report is named; each topic, command and report is explained; a slip says what was meant."""
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = call(capsys, "--help")
    assert len(out.splitlines()) < 45
    for name in (*COMMANDS, *all_reports()):
        assert re.search(rf"(?:^|[\s,]){name}(?:[\s,]|$)", out), name
    for topic in TOPICS:
        code, text, _ = call(capsys, "help", topic)
        assert (code, max(map(len, text.splitlines())) <= 80) == (0, True), topic
    example = TOPICS["policy"].text().partition("\n\n")[2].partition("\n\n  tonnage")[0]
    assert len(parse_policy(example).rule) == 1
    assert call(capsys, "help", "layers")[1].startswith("Usage: tonnage layers")
    code, _, err = call(capsys, "help", "exit-code")
    assert (code, "did you mean `exit-codes`?" in err) == (2, True)


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("tags --repository ml/", ["ml/notebook", "ml/training"]),
        ("problems --kind stray_rev", ["stray_revision_link"]),
        ("what-if ml/note", ["ml/notebook"]),
        ("plan ml/notebook:cud", ["ml/notebook:cuda"]),
        ("tables blob_us", ["blob_usage", "blob_use"]),
        ("own --repository infra/", None),
        ("scan -i ", ["file"]),
        ("orph", ["orphan-signatures", "orphans"]),
        ("layers -i nowhere.duckdb --format x", ["xlsx"]),
        ("tags -i nowhere.duckdb --repository ", []),
    ],
)
def test_a_shell_completes_what_there_is(
    words: str, offered: list[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names of the inventory that is named or found; without one nothing, and no message."""
    monkeypatch.setenv("_TONNAGE_COMPLETE", "bash_complete")
    *args, incomplete = words.split(" ")
    found = Completing(program, {}, "tonnage", "_TONNAGE_COMPLETE").get_completions(args, incomplete)
    names = [item.value if item.type == "plain" else item.type for item in found]
    assert names == offered if offered is not None else names


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_installed(
    shell: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is printed is what is installed."""
    monkeypatch.setenv("HOME", str(folder))
    _, script, _ = call(capsys, "completion", shell)
    assert call(capsys, "completion", shell, "--install")[0] == 0
    (written,) = [path for path in folder.rglob("*tonnage*") if path.is_file()]
    assert written.read_text() == script and "_TONNAGE_COMPLETE" in script


# --- values and the demo --------------------------------------------------------------------------------------------


def test_times_with_a_zone_and_what_is_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    """`now()` has a zone; NaN and infinity are null, as JSON has neither; a list stays a list."""
    query = "select now() as at, 'nan'::double as n, 'inf'::double as i, [1, 2] as l, {'a': 1} as s"
    code, out, err = call(capsys, "sql", query, "--json")
    assert code == 0, err
    (row,) = json.loads(out)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["at"])
    assert (row["n"], row["i"], row["l"], row["s"]) == (None, None, [1, 2], {"a": 1})
    for form in ("table", "csv", "md", "xlsx", "parquet"):
        assert call(capsys, "sql", query, "--format", form, "-o", "it")[0] == 0


def test_an_interrupted_demo_leaves_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a part of a registry nor the folder for it."""

    def build(root: Path) -> None:
        (root / "docker").mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr("tonnage.sample.build_demo", build)
    before = sorted(folder.rglob("*"))
    assert call(capsys, "demo", "it")[0] == 130
    assert sorted(folder.rglob("*")) == before
