"""What users type and what they see. Texts are golden files: `pytest --accept` takes what comes out now for right."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from console import without_times
from golden import check_golden
from tonnage.cli import COMMANDS, main
from tonnage.cli.options import SETTINGS
from tonnage.cli.plan import summary
from tonnage.cli.reports import all_reports
from tonnage.errors import EXIT_CODES
from tonnage.inventory.database import Inventory
from tonnage.inventory.reports import builtin_reports
from tonnage.plan import read_plan
from tonnage.sample import Builder
from tonnage.show.colours import CODES

TONNAGE = [sys.executable, "-m", "tonnage"]
WEIGHTS = "f15609d693a1"
"""The 3 GB layer of the demo that one tag needs."""


class Answer(NamedTuple):
    """What a call put out."""

    exit_code: int
    out: str
    err: str


class Caller:
    """Calls the program in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], demo: Builder) -> None:
        self.capsys = capsys
        self.root = str(demo.root)

    def __call__(self, *words: str) -> Answer:
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        out, err = (text.replace(self.root, "/var/lib/registry") for text in self.capsys.readouterr())
        return Answer(int(ended.value.code or 0), out, err)


@pytest.fixture
def tonnage(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    demo: Builder,
    demo_inventory: Path,
) -> Caller:
    """The program, asked in an empty folder for the inventory of the demo, on a screen of 80 columns."""
    all_reports.cache_clear()
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TONNAGE_INVENTORY", str(demo_inventory))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    return Caller(capsys, demo)


GOLDEN = {
    "help": "--help",
    "help-scan": "scan --help",
    "help-layers": "layers --help",
    "card": "",
    "layers": "layers --max-references 2 --min-size 500MiB",
    "why-layer": f"why {WEIGHTS}",
    "why-base-image": "why sha256:272b7d031e59",
    "problems-none": "problems",
    "leftovers": "leftovers",
    "tables": "tables",
    "tables-layer": "tables layer",
    "wrong-command": "layes",
    "wrong-option": "layers --minsize 1",
    "wrong-size": "layers --min-size much",
    "wrong-goal": "plan --free much",
    "wrong-number": "layers --max-references few",
    "wrong-days": "tags --older-than long",
    "wrong-choice": "layers --class big",
    "wrong-limit": "layers --limit -1",
    "wrong-sql": "sql nonsense",
    "wrong-column": "sql 'select sise_bytes from blob'",
    "wrong-table": "tables blobs",
    "wrong-setting": "report stale.sql --set age=3",
    "missing-digest": "why",
    "missing-report": "report nowhere.sql",
    "unknown-digest": "why ffff0000",
    "ambiguous-digest": "why 0",
    "no-storage": "scan nowhere",
    "no-registry": "scan .",
    "no-inventory": "layers -i nowhere.duckdb",
    "no-folder": "layers -o nowhere/layers.csv --csv",
    "read-only": "sql 'delete from blob'",
    "no-files": "sql \"from read_csv('/etc/passwd')\"",
    "empty-query": "sql ''",
}
"""Calls, and the golden files their whole answers are in."""


@pytest.mark.parametrize("name", GOLDEN)
def test_what_is_seen(name: str, tonnage: Caller, tmp_path: Path, accept: bool) -> None:
    """Exit code, stdout and stderr of each call are as they were; every line fits 80 columns."""
    import shlex

    (tmp_path / "stale.sql").write_text("-- Tags. One row per tag.\nfrom tag order by all")
    answer = tonnage(*shlex.split(GOLDEN[name]))
    text = f"$ tonnage {GOLDEN[name]}\n{answer.out}--- stderr ---\n{answer.err}--- exit code {answer.exit_code} ---\n"
    check_golden(name, without_times(text.replace(str(tmp_path), "/here")), accept)
    assert [line for line in answer.out.splitlines() if len(line) > 80] == []


@pytest.mark.slow
def test_what_pushers_write_cannot_take_over_a_terminal(
    tonnage: Caller, registry: Builder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever has a name or a text of its own: it is shown, and does nothing. Programs get it as it is."""
    evil = "\x1b[2J\x1b]0;owned\x07\x9b31m"
    layer = registry.layer(b"one")
    image = registry.repository("app").image(
        [layer], tag="1", platform=f"linux/{evil}", labels={evil: evil}, history=[{"created_by": evil}],
        annotations={evil: evil},
    )  # fmt: skip
    registry.repository("app").tag(f"bad{evil}", image.digest)
    registry.stray(f"repositories/e{evil}/_layers/stray")
    registry.stray(f"blobs/sha256/{evil}")
    monkeypatch.setenv("TONNAGE_INVENTORY", "hostile.duckdb")
    calls = [
        ["scan", str(registry.root)], [], ["why", layer.digest], ["gc"], ["gc", "--collector", "3", "-m"],
        ["what-if", "app:*"], ["plan", "app:1", "-o", "plan.json"], ["explain", "plan.json"], ["leftovers"],
        ["why", evil], ["scan", evil], ["layers", "-i", evil], [evil],
        *([name] for name in builtin_reports() if name != "why"),
    ]  # fmt: skip
    shown = ""
    for words in calls:
        answer = tonnage(*words)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", answer.out + answer.err), words
        shown += answer.out + answer.err
    assert r"\x1b[2J" in shown
    assert evil in {row["value"] for row in json.loads(tonnage("sql", "from label", "--json").out)}


def test_no_golden_file_is_left_over() -> None:
    """Each has its call."""
    assert sorted(path.stem for path in (Path(__file__).parents[1] / "golden").glob("*.txt")) == sorted(GOLDEN)


@pytest.mark.parametrize("name", sorted(builtin_reports()))
@pytest.mark.parametrize(
    "columns", [80, pytest.param(60, marks=pytest.mark.slow), pytest.param(120, marks=pytest.mark.slow)]
)
def test_tables_fit_the_screen(name: str, columns: int, tonnage: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line of any report is wider than the terminal, no number is cut, and what is left out is said."""
    monkeypatch.setenv("COLUMNS", str(columns))
    words = [name, WEIGHTS] if name == "why" else [name]
    text, exact = tonnage(*words, "--limit", "0"), json.loads(tonnage(*words, "--json").out)
    assert [line for line in text.out.splitlines() if len(line) > columns] == []
    if exact and name != "why":  # it puts a table of its own above the rows
        heads = re.split(r"\s{2,}", text.out.splitlines()[0].strip())
        said = re.search(r"no room for (.*);", text.err)
        left_out = said[1].split(", ") if said else []
        assert len(heads) + len(left_out) == len(exact[0])
        for line in text.out.splitlines()[1:]:
            assert not re.search(r"(?:^|\s{2})[\d.,]+…", line)


@pytest.mark.parametrize("name", sorted(builtin_reports()))
def test_json_is_exact_and_complete(name: str, tonnage: Caller, demo_inventory: Path) -> None:
    """One array of objects with the report's columns as keys; sizes and counts are integers, times are UTC."""
    words = [name, WEIGHTS] if name == "why" else [name]
    answer = tonnage(*words, "--json")
    rows = json.loads(answer.out)
    assert (answer.exit_code, answer.err, type(rows)) == (0, "", list)
    for row in rows:
        for column, value in row.items():
            if column.endswith(("_bytes", "_count")) and value is not None:
                assert type(value) is int
            if column.endswith("_at") and value is not None:
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value)
            if column == "digest" and value is not None:
                assert re.fullmatch(r"sha256:[0-9a-f]{64}", value)


def test_json_of_a_layer(tonnage: Caller) -> None:
    """The whole digest, the exact size."""
    (row,) = json.loads(tonnage("layers", "--min-size", "2.9GiB", "--max-references", "1", "--json").out)
    assert row["digest"].startswith(f"sha256:{WEIGHTS}")
    assert row["size_bytes"] == 3_156_862_580
    assert (row["references_count"], row["tags_count"], row["class"]) == (1, 1, "tagged")
    assert row["created_by"].startswith("RUN pip install torch")


def test_csv_is_what_json_is(tonnage: Caller) -> None:
    """The same values, a header line, and nothing where a value is unknown."""
    from_json = json.loads(tonnage("repositories", "--json").out)
    from_csv = list(csv.DictReader(io.StringIO(tonnage("repositories", "--csv").out)))
    assert from_csv == [{k: "" if v is None else str(v) for k, v in row.items()} for row in from_json]


def test_no_rows_are_no_error(tonnage: Caller) -> None:
    """An empty array, a header, or a word on stderr."""
    assert tonnage("problems") == (0, "", "nothing found\n")
    assert tonnage("problems", "--json") == (0, "[]\n", "")
    assert tonnage("problems", "--csv").out == "kind,hits,path,advice,severity,detail,blocks_gc,digest\n"


def test_limits(tonnage: Caller) -> None:
    """A screen gets 20 rows and the number of all; programs and files get all; 0 is all, everywhere."""
    everything = len(json.loads(tonnage("layers", "--max-references", "99999", "--json").out))
    few = tonnage("layers", "--max-references", "99999")
    assert len(few.out.splitlines()) == 1 + 20
    assert f"20 of {everything} rows; --limit 0 shows all" in few.err
    assert len(tonnage("layers", "--max-references", "99999", "--limit", "0").out.splitlines()) == 1 + everything
    assert len(json.loads(tonnage("layers", "--json", "--limit", "3").out)) == 3
    tonnage("layers", "--max-references", "99999", "-o", "layers.txt")
    assert len(Path("layers.txt").read_text().splitlines()) == 1 + everything


def test_output_goes_to_a_file(tonnage: Caller) -> None:
    """`-o FILE` leaves stdout empty; `-o -` is stdout."""
    assert tonnage("overview", "--json", "-o", "overview.json") == (0, "", "")
    assert Path("overview.json").read_text() == tonnage("overview", "--json", "-o", "-").out


def test_the_inventory_is_found(tonnage: Caller, demo_inventory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option, before or after the command; else the environment; else tonnage.duckdb here."""
    assert tonnage("-i", "nowhere", "overview").exit_code == 7
    assert tonnage("overview", "-i", "nowhere").exit_code == 7
    assert tonnage("-i", "nowhere", "overview", "-i", str(demo_inventory)).exit_code == 0
    monkeypatch.setenv("TONNAGE_INVENTORY", "nowhere")
    assert tonnage("overview").exit_code == 7
    assert tonnage("-i", str(demo_inventory), "overview").exit_code == 0
    monkeypatch.delenv("TONNAGE_INVENTORY")
    assert "`tonnage.duckdb`" in tonnage("overview").err
    Path("tonnage.duckdb").write_bytes(demo_inventory.read_bytes())
    assert tonnage("overview").exit_code == 0


def test_the_query_may_come_from_stdin(tonnage: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `-`."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("select 1 as one_count"))
    assert json.loads(tonnage("sql", "-", "--json").out) == [{"one_count": 1}]


# --- exit codes -----------------------------------------------------------------------------------------------------


def test_a_scan_that_finds_problems_ends_with_3(tonnage: Caller, registry: Builder) -> None:
    """It counts, it says how many, and `tonnage problems` names them."""
    image = registry.repository("org/app").image([registry.layer(b"bytes")], tag="1")
    registry.repository("org/app").revision_link(image.digest).write_bytes(b"")
    answer = tonnage("scan", str(registry.root), "-i", "it.duckdb")
    assert (answer.exit_code, answer.out) == (3, "")
    assert "; 1 problem: tonnage problems -i it.duckdb\n" in answer.err
    assert answer.err.endswith("it.duckdb is ready: tonnage -i it.duckdb\n")
    (problem,) = json.loads(tonnage("problems", "-i", "it.duckdb", "--severity", "error", "--json").out)
    assert (problem["kind"], problem["blocks_gc"]) == ("empty_revision_link", "2.x, 2.x -m, 3.x, 3.x -m")


def test_a_quiet_scan_says_nothing(tonnage: Caller, demo: Builder) -> None:
    """Not even where it puts the inventory."""
    assert tonnage("scan", str(demo.root), "-q", "-i", "it.duckdb") == (0, "", "")


def test_an_unreadable_storage_ends_with_5(tonnage: Caller, registry: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder may not be listed; root may list all, so the system is asked for its refusal."""

    def refuse(path: str) -> list[str]:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "listdir", refuse)
    answer = tonnage("scan", str(registry.root))
    assert (answer.exit_code, "Permission denied" in answer.err, "hint: run as the user" in answer.err) == (
        5,
        True,
        True,
    )


def test_a_registry_with_a_database_ends_with_6(tonnage: Caller, registry: Builder) -> None:
    """Its storage is not the whole truth; whoever says so gets the scan."""
    registry.repository("org/app").image([registry.layer(b"bytes")], tag="1")
    (registry.v2 / "lockfiles").mkdir()
    (registry.v2 / "lockfiles/database-in-use").touch()
    answer = tonnage("scan", str(registry.root), "-i", "it.duckdb")
    assert (answer.exit_code, "--ignore-lockfile" in answer.err) == (6, True)
    assert tonnage("scan", str(registry.root), "-i", "it.duckdb", "--ignore-lockfile").exit_code in (0, 3)


def test_a_file_that_is_no_inventory(tonnage: Caller) -> None:
    """A file that is not a database ends with 7, and so does another's database; one of another version with 8."""
    Path("text.duckdb").write_text("hello")
    assert tonnage("overview", "-i", "text.duckdb").exit_code == 7
    duckdb.connect("other.duckdb").close()
    assert tonnage("overview", "-i", "other.duckdb").exit_code == 7
    with duckdb.connect("old.duckdb") as old:
        old.execute("create schema store; create table store.scan as select 0 as schema_version")
    answer = tonnage("overview", "-i", "old.duckdb")
    assert (answer.exit_code, "scan again" in answer.err) == (8, True)


def test_an_inventory_that_cannot_be_written_ends_with_10(tonnage: Caller, demo: Builder) -> None:
    """The folder is not there."""
    answer = tonnage("scan", str(demo.root), "-i", "nowhere/it.duckdb")
    assert (answer.exit_code, "cannot write" in answer.err) == (10, True)


def test_interrupted_ends_with_130(tonnage: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a traceback."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Inventory, "query", interrupt)
    answer = tonnage("overview")
    assert (answer.exit_code, answer.err.strip()) == (130, "tonnage: interrupted")


@pytest.mark.parametrize("seconds", [0.3, 0.7])
def test_a_query_is_interrupted(tonnage: Caller, seconds: float) -> None:
    """However long it would take: the database looks for the signal only now and then, and so is told."""
    threading.Timer(seconds, os.kill, [os.getpid(), signal.SIGINT]).start()
    started = time.monotonic()
    answer = tonnage("sql", "select sum(a.range * b.range) from range(3000000) as a, range(1000000) as b")
    assert (answer.exit_code, answer.err.strip()) == (130, "tonnage: interrupted")
    assert time.monotonic() - started < 10
    assert (signal.getsignal(signal.SIGINT), signal.set_wakeup_fd(-1)) == (signal.default_int_handler, -1)


def test_interrupted_while_loading_ends_with_130(tonnage: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """What DuckDB makes of the signal is an error of no class of its own."""

    def interrupt(*_: object) -> None:
        raise RuntimeError("Query interrupted")

    monkeypatch.setattr(Inventory, "query", interrupt)
    answer = tonnage("overview")
    assert (answer.exit_code, answer.err.strip()) == (130, "tonnage: interrupted")


def test_messages_have_one_form(tonnage: Caller) -> None:
    """`tonnage: what failed`, no capital, no full stop, and the next step below; every code used is explained."""
    for name, call in GOLDEN.items():
        text = (Path(__file__).parents[1] / "golden" / f"{name}.txt").read_text()
        code = int(re.findall(r"--- exit code (\d+) ---", text)[0])
        assert code in EXIT_CODES
        if code not in (0, 3):
            said = text.partition("--- stderr ---\n")[2].splitlines()[0]
            assert re.match(r"tonnage: (?:[a-z`-]|[A-Z]\w+ Error: )", said), (call, said)
            assert not said.endswith(".")


# --- reports of one's own -------------------------------------------------------------------------------------------


def test_a_folder_of_reports_is_a_folder_of_commands(tonnage: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """With help, options, a place in the list; one may replace a built-in; a folder that is not there is an error."""
    Path("mine").mkdir()
    text = "-- Tags like a word. One row per tag.\n-- $word text: part of the name\nselect tag from tag\n"
    Path("mine/like.sql").write_text(text + "where contains(tag, $word) group by tag order by tag")
    Path("mine/overview.sql").write_text("-- My own. One row.\nselect 1 as one")
    monkeypatch.setenv("TONNAGE_REPORTS", "mine")
    assert re.search(r"^like +Tags like a word$", tonnage("help", "reports").out, re.MULTILINE)
    assert json.loads(tonnage("like", "RELEASE", "--limit", "1", "--json").out) == [{"tag": "0.0.0-RELEASE"}]
    assert tonnage("like").exit_code == 2
    all_reports.cache_clear()
    assert json.loads(tonnage("overview", "--json").out) == [{"one": 1}]
    all_reports.cache_clear()
    monkeypatch.setenv("TONNAGE_REPORTS", "nowhere")
    assert "cannot read the reports in `nowhere`" in tonnage("overview").err
    all_reports.cache_clear()


def test_a_report_by_its_file(tonnage: Caller) -> None:
    """Its parameters are set by name; one that must be given is asked for; text in another encoding is refused."""
    text = "-- Tags. One row per tag.\n-- $least bytes: at least this large\nselect tag from tag_usage\n"
    Path("own.sql").write_text(text + "where stored_bytes >= $least order by all")
    assert len(json.loads(tonnage("report", "own.sql", "--set", "least=3GiB", "--json").out)) == 7
    assert "needs a least" in tonnage("report", "own.sql").err
    Path("own.sql").write_text(
        "-- Two statements. One row per tag.\ncreate temp table own as from tag; from own order by all"
    )
    assert len(json.loads(tonnage("report", "own.sql", "--limit", "2", "--json").out)) == 2
    assert "takes no --where" in tonnage("report", "own.sql", "--limit", "2", "--sort", "tag").err
    Path("own.sql").write_bytes(b"-- \xff\nselect 1")
    assert tonnage("report", "own.sql") == (2, "", "tonnage: `own.sql` is not UTF-8 text\n")


def test_a_plan_is_drawn_where_the_screen_has_room(tonnage: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to do next stands below the plot, and is to be seen at once."""
    tonnage("plan", "--free", "5GiB", "-o", "plan.json")
    plan = read_plan(Path("plan.json").read_bytes())
    monkeypatch.setattr("tonnage.cli.output.is_seen", lambda _: True)
    for lines, is_drawn in (("24", False), ("80", True)):
        monkeypatch.setenv("LINES", lines)
        assert ("┤" in (text := summary(plan)), "garbage-collect" in text) == (is_drawn, True)


# --- the program as a process ---------------------------------------------------------------------------------------


def environment(demo_inventory: Path, **more: str) -> dict[str, str]:
    """Return the environment for a process of its own."""
    return {**os.environ, "TONNAGE_INVENTORY": str(demo_inventory), "COLUMNS": "80", **more}


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("many", ["sql 'from manifest_ref cross join range(9)' --csv", "--help"])
def test_a_closed_pipe_is_no_error(many: str, unbuffered: str, demo_inventory: Path) -> None:
    """`tonnage … | head` prints no traceback and does not fail, even of more than a pipe holds."""
    script = f"set -o pipefail; {sys.executable} -m tonnage {many} | (exec 0<&-; sleep 0.5)"
    done = subprocess.run(
        ["bash", "-c", script],
        env={**environment(demo_inventory), "PYTHONUNBUFFERED": unbuffered},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_pipe_is_plain_unless_colour_is_forced(demo_inventory: Path) -> None:
    """NO_COLOR is heard before FORCE_COLOR, and what is coloured says the same."""
    plain, refused, forced = (
        subprocess.run(
            [*TONNAGE, "repositories"], env=environment(demo_inventory, **more), capture_output=True, text=True
        ).stdout
        for more in ({"TERM": "xterm"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, {"FORCE_COLOR": "1"})
    )
    assert plain == refused == CODES.sub("", forced) != forced


def test_completion_script(demo_inventory: Path) -> None:
    """Bash gets a script, and with it the names of commands and reports."""
    script = subprocess.run(
        TONNAGE, env={**os.environ, "_TONNAGE_COMPLETE": "bash_source"}, capture_output=True, text=True
    )
    assert (script.returncode, "complete -o nosort -F _tonnage_completion tonnage" in script.stdout) == (0, True)
    asked = {"_TONNAGE_COMPLETE": "bash_complete", "COMP_WORDS": "tonnage la", "COMP_CWORD": "1"}
    words = subprocess.run(TONNAGE, env={**os.environ, **asked}, capture_output=True, text=True)
    assert words.stdout.split() == ["plain,layers"]


def test_help_needs_no_database() -> None:
    """`--help` imports neither the database nor a command, so it answers at once."""
    script = "import sys; from tonnage.cli import main\ntry: main(['--help'])\nfinally: print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    loaded = set(re.findall(r"'([\w.]+)'", done.stdout.splitlines()[-1]))
    assert loaded & {"duckdb", "rich", "msgspec", "arro3.core", "tonnage.scan"} == set()
    assert [name for name in COMMANDS if f"tonnage.cli.{name.replace('-', '_')}" in loaded and name != "report"] == []


def test_help_answers_at_once() -> None:
    """In about a tenth of a second of the processor; the best of some, as machines are shared."""

    def measure() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*TONNAGE, "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(measure() for _ in range(5)) < 0.4


@pytest.mark.slow
def test_the_demo_command(tonnage: Caller, tmp_path: Path) -> None:
    """It builds, scans, and shows the card on stdout; a second call scans again; other folders are left alone."""
    first = tonnage("demo", "it")
    assert (first.exit_code, "37.1 GiB in 2,424 files" in first.out) == (0, True)
    assert tonnage("demo", "it").exit_code == 0
    (tmp_path / "other" / "registry").mkdir(parents=True)
    assert tonnage("demo", "other").exit_code == 2
    on_disk = sum(
        path.lstat().st_blocks * 512 for path in (tmp_path / "it").rglob("*") if stat.S_ISREG(path.lstat().st_mode)
    )
    assert on_disk < 40_000_000
