"""The documents say what is: each command in them runs, and shows what they show; nothing public is left out."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import pytest

import realregistry
from console import Block, is_as_shown, parse_blocks, run, with_output, without_times
from tonnage.cli.options import SETTINGS
from tonnage.errors import EXIT_CODES
from tonnage.inventory.database import Inventory
from tonnage.inventory.reports import builtin_reports
from tonnage.sample import Builder

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
WRITTEN = [
    path
    for path in (ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted((ROOT / "docs").rglob("*.md")))
    if REFERENCE not in path.parents
]
"""Documents written by hand. The reference is generated, and checked as a whole."""
TRANSLATED = {
    ROOT / "README.md": ROOT / "README.zh-CN.md",
    **{
        path: ROOT / "docs" / "zh-CN" / path.name
        for path in (ROOT / "docs/tutorial.md", ROOT / "docs/how-to/disk-full.md")
    },
}
"""What stands in Chinese, too: the sessions are the same, and are run once."""
HERE = "/home/you/tonnage"
"""Where the documents' readers are."""
REGISTRY = "https://registry.example.com"
"""And their registry, where they scan it over HTTP."""
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
ALL = [*WRITTEN, *sorted(REFERENCE.glob("*.md"))]


def name_of(path: Path) -> str:
    """Return the path below the repository's root."""
    return str(path.relative_to(ROOT))


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """The script that writes the reference."""
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "scripts" / "generate_docs.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", [path for path in WRITTEN if path not in TRANSLATED.values()], ids=name_of)
def test_a_document_shows_what_its_commands_do(
    path: Path, demo: Builder, demo_inventory: Path, demo_layouts: Path, tmp_path: Path, accept: bool
) -> None:
    """Its sessions run in order; /var/lib/registry stands for the demo, scanned unless they begin with that.

    /var/lib/zot stands for image layouts of the same content.
    """
    places = {"/var/lib/registry": str(demo.root), "/var/lib/zot": str(demo_layouts), HERE: str(tmp_path)}
    document = path.read_text(encoding="utf-8")
    blocks = list(parse_blocks(document))
    if not _begins_with_a_scan(blocks):
        shutil.copyfile(demo_inventory, tmp_path / "tonnage.duckdb")
    with contextlib.ExitStack() as stack:
        if f"$ tonnage scan {REGISTRY}" in document:
            places[REGISTRY] = stack.enter_context(_served(demo))
        changed = _changed(blocks, places, tmp_path, accept)
    if changed:
        for block in reversed(changed):
            document = with_output(document, block)
        path.write_text(document, encoding="utf-8")
        if path in TRANSLATED:
            _show_the_same(path, TRANSLATED[path])


def _show_the_same(path: Path, translation: Path) -> None:
    """Write the sessions of a document into its translation."""
    blocks = iter(_FENCE.findall(path.read_text(encoding="utf-8")))
    text = _FENCE.sub(lambda _: next(blocks), translation.read_text(encoding="utf-8"))
    translation.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def _served(demo: Builder) -> Iterator[str]:
    """Serve the demo by the real registry; yield its URL."""
    if realregistry.missing_programs() and os.environ.get("CI") != "true":
        pytest.skip("the document needs the real registry")
    with realregistry.running_registry(demo.root) as server:
        yield server.url


def _changed(blocks: list[Block], places: Mapping[str, str], folder: Path, accept: bool) -> list[Block]:
    """Run all sessions; return those whose output has to be changed."""
    changed = []
    for block in blocks:
        if block.file:
            (folder / block.file).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.file).write_text(block.text, encoding="utf-8")
        elif _differs(block, places, folder, accept):
            changed.append(block)
    return changed


def _begins_with_a_scan(blocks: list[Block]) -> bool:
    return bool(blocks and blocks[0].commands and blocks[0].commands[0].line.startswith("tonnage scan"))


def _differs(block: Block, places: Mapping[str, str], folder: Path, accept: bool) -> bool:
    """Run a session. Return whether the document has to be changed, or fail if it may not be."""
    differs = False
    for command in block.commands:
        exit_code, output = run(command.line, folder, places)
        assert exit_code in command.exit_codes, f"$ {command.line}{output}"
        if not is_as_shown(command.output, output):
            assert accept, f"$ {command.line}{output}"
            command.output, differs = output, True
    return differs


def test_every_command_is_documented(generator: ModuleType) -> None:
    """Each has its section, under the name it is called by; reports have theirs in reports.md."""
    sections = set(re.findall(r"^## (.+)$", (REFERENCE / "cli.md").read_text(), re.MULTILINE))
    called = {context.command_path for context in generator.commands() if context.info_name not in builtin_reports()}
    assert "tonnage scan" in called
    assert called - sections == set()


def test_every_report_column_and_parameter_is_documented(generator: ModuleType) -> None:
    """Each report has its section, in which every column and option has a meaning."""
    page = (REFERENCE / "reports.md").read_text()
    sections = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    assert [section.partition("\n")[0] for section in sections] == sorted(builtin_reports())
    rows = re.findall(r"^\| `(.+?)` \| (.*) \|$", page, re.MULTILINE)
    assert [name for name, meaning in rows if not meaning.strip()] == []
    for report in builtin_reports().values():
        assert all(f"| `{parameter.option}` |" in page for parameter in report.parameters)


def test_every_view_column_and_problem_kind_is_documented(demo_inventory: Path) -> None:
    """The pages of tables and problems name all there are."""
    tables, problems = ((REFERENCE / name).read_text() for name in ("tables.md", "problems.md"))
    with Inventory(str(demo_inventory)) as inventory:
        columns = inventory.query(
            "select distinct table_name, column_name from duckdb_columns()"
            " where schema_name = 'main' and database_name = current_database()"
        ).rows
        kinds = inventory.query("select kind from problem_kind").rows
    assert len(columns) > 100
    for table, column in columns:
        assert f"\n## {table}\n" in tables and f"| `{column}` |" in tables
    assert [kind for (kind,) in kinds if f"| `{kind}` |" not in problems] == []


def test_every_exit_code_and_setting_is_documented() -> None:
    """Whatever the code reads from the environment is in SETTINGS, and on the page of commands."""
    codes = (REFERENCE / "exit-codes.md").read_text()
    assert [code for code in EXIT_CODES if f"| {code} |" not in codes] == []
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    assert set(re.findall(r"\bTONNAGE_[A-Z_]+\b", source)) <= set(SETTINGS)
    assert all(f'"{name}"' in source for name in SETTINGS)
    assert all(f"| `{name}` |" in (REFERENCE / "cli.md").read_text() for name in SETTINGS)


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    """Links to other files of the repository, and to headings in them, have a target."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
        file, _, heading = target.partition("#")
        other = (path.parent / file).resolve() if file else path
        assert other.exists(), target
        if heading:
            assert heading in {_anchor(found) for found in _headings(other)}, target


def test_calls_of_the_exporter_are_calls() -> None:
    """A document cannot wait for it to end; so its words are parsed, and no more."""
    from tonnage.cli.exporter import command

    calls = [
        line for path in WRITTEN for line in re.findall(r"^tonnage exporter .*", path.read_text(encoding="utf-8"), re.M)
    ]
    assert len(calls) > 5
    for call in calls:
        command.make_context("exporter", shlex.split(call)[2:])


@pytest.mark.parametrize("path", WRITTEN, ids=name_of)
def test_one_sentence_a_line(path: Path) -> None:
    """So that a change of a sentence is a change of a line; and nothing is done "simply"."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    prose = [line for line in text.splitlines() if not line.startswith(("|", "<"))]
    assert [line for line in prose if re.search(r"[a-z)`]\. [A-Z`]|[。！？][^」”）)\s]", line)] == []
    assert "simply" not in text.lower()


@pytest.mark.parametrize("english", TRANSLATED, ids=name_of)
def test_a_translation_is_in_step(english: Path) -> None:
    """The same headings one under the other, and the same sessions in between."""
    chinese = TRANSLATED[english]
    assert _levels(english) == _levels(chinese)
    assert _fences(english) == _fences(chinese)


def _headings(path: Path) -> list[str]:
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^#+ .+$", text, re.MULTILINE)


def _levels(path: Path) -> list[int]:
    return [len(heading.partition(" ")[0]) for heading in _headings(path)]


def _fences(path: Path) -> list[str]:
    text = without_times(path.read_text(encoding="utf-8"))
    return _FENCE.findall(text)


def _anchor(heading: str) -> str:
    words = heading.lstrip("# ").lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def test_each_promise_is_held_by_a_test() -> None:
    """The page of promises names tests that are there."""
    promises = (ROOT / "docs" / "explanation" / "promises.md").read_text(encoding="utf-8")
    rows = [line for line in promises.splitlines() if line.startswith("| ") and "| Promise |" not in line]
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?(?:::(\w+))?`", row)
        assert named, row
        for file, *names in named:
            source = (ROOT / file).read_text(encoding="utf-8")
            assert all(re.search(rf"\b(?:def|class) {name}\b", source) for name in names if name), (file, names)
