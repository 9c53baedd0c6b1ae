"""Every command that writes, and every kind of place and stream it may be sent to: one line and exit 10, never harm."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_files import ODD_PLACES, names

from scanning import column
from seeds import some
from tonnage.cli import COMMANDS, main
from tonnage.cli.options import SETTINGS
from tonnage.cli.reports import all_reports
from tonnage.cli.streams import Content, Stdout, fitted
from tonnage.errors import WriteError
from tonnage.sample import Builder

pytestmark = pytest.mark.slow

JOURNAL = '{"event":"begun","version":1,"plan":"0123456789ab","registry":"http://127.0.0.1:1"}\n'
WRITERS = {
    "scan": "scan REGISTRY -i OUT",
    "plan": "plan ml/notebook:cuda -o OUT",
    "report": "layers --json -o OUT",
    "own report": "report own.sql -o OUT",
    "sql": "sql 'select 1' --csv -o OUT",
    "tables": "tables -o OUT",
    "gc": "gc --collector 2 -o OUT",
    "gc list": "gc --collector 2 --list blobs -o OUT",
    "what-if": "what-if ml/notebook -o OUT",
    "explain": "explain plan.json -o OUT",
    "verify": "verify plan.json --json -o OUT",
    "doctor": "doctor -o OUT",
    "check": "check --older-than 1h -o OUT",
    "verify-blobs": "verify-blobs --storage REGISTRY --sample 1KiB --nice 0 -q --format json -o OUT",
    "ncdu": "ncdu -o OUT",
    "diff": "diff INVENTORY INVENTORY -o OUT",
    "script": "leftovers --script -o OUT",
    "page": "page -o OUT",
    "image": "image ml/notebook:cuda -o OUT",
    "files": "files LAYER --storage REGISTRY --json -o OUT",
}
"""Every command that writes a file. `OUT` is where; apply's journal is held by tests of its own."""
PRINTERS = {
    **{name: call.replace(" -o OUT", "") for name, call in WRITERS.items() if name not in ("scan", "plan", "page")},
    "help": "--help",
    "help of a command": "layers --help",
    "version": "--version",
    "card": "",
    "plan": "plan ml/notebook:cuda -o -",
    "page": "page -o -",
    "json": "layers --json",
    "csv": "layers --csv",
    "gc json": "gc --collector 2 --json",
}
"""Calls of every kind of output to stdout."""
NOTHING_TO_PRINT = {"verify": 14, "diff": 0}
"""And their exit codes: the inventory is not later than the plan, and between it and itself nothing has changed."""


ENDS_WITH = {"doctor": (29,), "check": (27,), "verify-blobs": (0, 36)}
"""Those that say by their exit code what they found in the demo; a sample is taken by chance."""


@pytest.fixture(scope="module")
def planned(demo_inventory: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A plan over the demo."""
    path = tmp_path_factory.mktemp("planned") / "plan.json"
    assert call(f"plan ml/notebook:cuda -i {demo_inventory} -o {path}") == 0
    return path.read_text()


@pytest.fixture
def folder(
    tmp_path: Path,
    demo_inventory: Path,
    planned: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Path]:
    """A folder with a plan and a report, from which commands are called."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TONNAGE_INVENTORY", str(demo_inventory))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    all_reports.cache_clear()
    Path("own.sql").write_text("-- Tags. One row per tag.\nfrom tag order by all")
    Path("plan.json").write_text(planned)
    capsys.readouterr()
    before = demo_inventory.read_bytes()
    yield tmp_path
    assert demo_inventory.read_bytes() == before


def call(line: str) -> int:
    """Call the program in this process; return its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(shlex.split(line))
    return int(ended.value.code or 0)


def filled(line: str, out: str, demo: Builder, demo_inventory: Path) -> str:
    """Return a line with its places put in."""
    places = {"OUT": out, "REGISTRY": str(demo.root), "INVENTORY": str(demo_inventory)}
    if "LAYER" in line:
        places["LAYER"] = str(column(demo_inventory, "select min(digest) from layer")[0])
    return " ".join(places.get(word, word) for word in line.split(" "))


def is_one_message(err: str) -> bool:
    """Return whether what was said ends in one message of ours, with no traceback before it."""
    return "Traceback" not in err and sum(line.startswith("tonnage: ") for line in err.splitlines()) == 1


@pytest.mark.parametrize("what", [*ODD_PLACES, "database", "journal", "missing folder", "inventory"])
@pytest.mark.parametrize("writer", WRITERS)
def test_nothing_is_written_where_it_would_do_harm(
    writer: str, what: str, folder: Path, demo: Builder, demo_inventory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each writer at each odd place: exit 10, one message with a next step, and the place is as it was."""
    out = folder / "it"
    match what:
        case "database":
            if writer == "scan":
                pytest.skip("one that is damaged is replaced; another's is held by tests of the scan")
            out.write_bytes(b"\0" * 8 + b"DUCK" + b"\0" * 4096)
        case "journal":
            out.write_text(JOURNAL)
        case "missing folder":
            out = folder / "nowhere/it"
        case "inventory":
            if writer == "scan":
                pytest.skip("that is what a scan writes")
            out.symlink_to(demo_inventory)
        case _:
            ODD_PLACES[what](out)
    before = [(path.name, path.lstat().st_mode, path.lstat().st_ino) for path in sorted(folder.rglob("*"))]
    code = call(filled(WRITERS[writer], str(out), demo, demo_inventory))
    err = capsys.readouterr().err
    if (writer, what) == ("verify", "database") or code == 14:
        pytest.skip("nothing to write")
    assert (code, is_one_message(err), "hint: " in err) == (10, True, True), err
    assert [(path.name, path.lstat().st_mode, path.lstat().st_ino) for path in sorted(folder.rglob("*"))] == before


@pytest.mark.parametrize("writer", [name for name in WRITERS if name != "verify"])
@pytest.mark.parametrize("what", some(["link", "dangling link", "hard link", "name of 255 bytes"], 2))
def test_a_place_that_is_odd_and_good_is_written(
    writer: str, what: str, folder: Path, demo: Builder, demo_inventory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Links are followed and stay; whatever lies beside is left alone; nothing of ours is left."""
    (folder / "disk").mkdir()
    real = folder / "disk" / ("n" * 255 if what == "name of 255 bytes" else "real")
    if what in ("link", "hard link"):
        real.write_text("")
    out = folder / "it"
    if what == "hard link":
        os.link(real, out)
    elif what == "name of 255 bytes":
        out = real
    else:
        out.symlink_to(real)
    Path(folder / "disk/real.new").write_text("mine")
    Path(folder / "it.new").write_text("mine")
    assert call(filled(WRITERS[writer], str(out), demo, demo_inventory)) in ENDS_WITH.get(writer, (0,))
    capsys.readouterr()
    assert out.stat().st_size > 0 or writer == "diff"  # of an inventory and itself there is nothing to say
    assert out.is_symlink() == (what in ("link", "dangling link"))
    real_names = {"real" if what == "hard link" else real.name, "real.new"}
    assert (set(names(folder / "disk")), (folder / "it.new").read_text()) == (real_names, "mine")


@pytest.mark.parametrize(
    "line", ["explain plan.json -o plan.json", "report own.sql -o own.sql", "plan --policy p.toml -o p.toml"]
)
def test_what_a_command_reads_it_does_not_write_over(
    line: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the option is called by which it reads."""
    Path("p.toml").write_text('[[rule]]\nrepositories = "*"\nkeep_last = 1\n')
    before = {name: Path(name).read_text() for name in ("plan.json", "own.sql", "p.toml")}
    code = call(line)
    assert (code, "is what this command reads" in capsys.readouterr().err) == (10, True)
    assert {name: Path(name).read_text() for name in before} == before


def test_every_command_that_writes_is_in_the_matrix() -> None:
    """A command added later, with an option to write a file, is held to the same."""
    from importlib import import_module

    calls = {line.split()[0] for line in WRITERS.values()}
    for name in COMMANDS:
        command = import_module(f"tonnage.cli.{name.replace('-', '_')}").command
        if any(parameter.name == "output" for parameter in command.params):
            assert name in calls


# --- stdout ---------------------------------------------------------------------------------------------------------


def run(line: str, demo_inventory: Path, redirection: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program in a shell."""
    command = f"{sys.executable} -m tonnage {line} {redirection}"
    settings = {**os.environ, "TONNAGE_INVENTORY": str(demo_inventory), "COLUMNS": "80", **environment}
    return subprocess.run(["bash", "-c", command], env=settings, capture_output=True, text=True, errors="replace")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("name", PRINTERS)
def test_a_full_disk_under_stdout_ends_with_10(name: str, folder: Path, demo: Builder, demo_inventory: Path) -> None:
    """One message, whatever was printed and by whom."""
    line = filled(PRINTERS[name], "-", demo, demo_inventory)
    done = run(line, demo_inventory, "> /dev/full")
    if name in NOTHING_TO_PRINT:
        assert (done.returncode, done.stdout) == (NOTHING_TO_PRINT[name], "")
        return
    assert (done.returncode, is_one_message(done.stderr)) == (10, True), done.stderr
    assert "cannot write to stdout: No space left on device" in done.stderr


@pytest.mark.parametrize("name", ["help", "card", "json"])
@pytest.mark.parametrize("unbuffered", some(["", "1"], 2))
def test_odd_streams(name: str, unbuffered: str, folder: Path, demo_inventory: Path) -> None:
    """A closed stdout ends with 10; where stderr is closed or full, nobody is told and nothing else changes."""
    line = PRINTERS[name]
    closed = run(line, demo_inventory, ">&-", PYTHONUNBUFFERED=unbuffered)
    assert (closed.returncode, is_one_message(closed.stderr)) == (10, True)
    normal = run(line, demo_inventory, PYTHONUNBUFFERED=unbuffered)
    for redirection in ("2>&-", "2> /dev/full"):
        done = run(line, demo_inventory, redirection, PYTHONUNBUFFERED=unbuffered)
        assert (done.returncode, without_figures(done.stdout)) == (0, without_figures(normal.stdout))


def without_figures(text: str) -> str:
    """Return a text without figures: how full the disk is changes from one call to the next."""
    return re.sub(r"\d+", "0", text)


@pytest.mark.parametrize("encoding", some(["ascii", "gbk", "latin-1"], 3))
def test_an_encoding_that_lacks_characters(encoding: str, folder: Path, tmp_path: Path, registry: Builder) -> None:
    """People are shown an escape, JSON is escaped as JSON is, and what has to be exact is refused with exit 10."""
    repo = registry.repository("app")
    steps = [{"created_by": "RUN \u6d4b\u8bd5 \U0001f600 \u00e9"}]
    repo.image([registry.layer(b"one")], tag="1", history=steps)
    inventory = tmp_path / "other.duckdb"
    assert call(f"scan {registry.root} -i {inventory} -q") in (0, 3)
    for line in ("", "layers", "--help", "what-if app", "why app:1"):
        done = run(line, inventory, PYTHONIOENCODING=encoding)
        assert (done.returncode in (0, 2), "Traceback" in done.stderr) == (True, False)
    known = run("layers --json", inventory, PYTHONIOENCODING="utf-8")
    escaped = run("layers --json", inventory, PYTHONIOENCODING=encoding)
    assert json.loads(escaped.stdout) == json.loads(known.stdout)
    assert "\u6d4b" in known.stdout
    exact = run("layers --csv", inventory, PYTHONIOENCODING=encoding)
    assert (exact.returncode, is_one_message(exact.stderr), "-o FILE" in exact.stderr) == (10, True, True)


class Stream:
    """What `fitted` asks of a stream."""

    def __init__(self, encoding: str, errors: str = "strict") -> None:
        self.encoding, self.errors = encoding, errors


@pytest.mark.parametrize("text", ["plain", "caf\u00e9 \u2026", "\U0001f600\u6d4b", "\udcff", 'a "\\u00e9" \ud800'])
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "gbk", "utf-8", "cp437", "koi8-r"])
def test_what_is_fitted_can_be_written(text: str, encoding: str) -> None:
    """Whatever the text and the encoding; JSON says the same, and what fits is left as it is."""
    stream: object = Stream(encoding)
    for content in (Content.PEOPLE, Content.JSON):
        found = fitted(text, stream, content)  # type: ignore[arg-type]
        found.encode(encoding)
        if found == text:
            continue
        with pytest.raises(WriteError):
            fitted(text, stream, Content.EXACT)  # type: ignore[arg-type]
    document = json.dumps(text, ensure_ascii=False)
    assert json.loads(fitted(document, stream, Content.JSON)) == text  # type: ignore[arg-type]


@pytest.mark.parametrize("content", [Content.JSON, Content.EXACT])
@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_terminal_obeys_no_data(content: Content, is_terminal: bool) -> None:
    """Names of a registry may hold what a terminal acts upon, or what turns a line around; files get them as they are."""
    name = "a\x1b[31mb\x9b2J\u202ec\x7f"
    stream = io.StringIO()
    stream.isatty = lambda: is_terminal  # type: ignore[method-assign]
    text = json.dumps([name], ensure_ascii=False) if content is Content.JSON else f"name\r\n{name}\tb\r\n"
    Stdout(stream).put(text, content)
    shown = stream.getvalue()
    if content is Content.JSON:
        assert json.loads(shown) == [name]
    assert (shown == text) is not is_terminal
    assert is_terminal is not any(not mark.isprintable() for mark in shown if mark not in "\t\r\n")


def test_stdout_is_only_replaced_while_the_program_runs(folder: Path) -> None:
    """A caller of `main` gets its streams back."""
    before = (sys.stdout, sys.stderr)
    call("--version")
    assert (sys.stdout, sys.stderr) == before
    assert not isinstance(sys.stdout, Stdout)


def test_ctrl_c_before_the_program_can_answer(tmp_path: Path) -> None:
    """While its libraries are imported: it ends without a traceback, as whatever the shell starts does."""
    (tmp_path / "click.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ended = subprocess.run([sys.executable, "-m", "tonnage"], env=environment, capture_output=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, b"", b"")
