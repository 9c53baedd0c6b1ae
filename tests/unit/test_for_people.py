"""What people read before they report or change something says what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tonnage.cli import COMMANDS
from tonnage.inventory.reports import builtin_reports

ROOT = Path(__file__).parents[2]
PAGES = ["CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md", "ROADMAP.md"]
FORMS = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")


def test_what_contributing_has_you_run_is_there() -> None:
    """Targets of make, folders and files; and it stays as short as it is meant to be."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", "```"))]
    assert len(lines) <= 15
    targets = re.findall(r"^([\w./-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert [name for name in re.findall(r"^make (\S+)", text, re.MULTILINE) if name not in targets] == []
    named = set(re.findall(r"\b(?:src|tests|docs)/[\w./-]*\w/?", text))
    assert named and [name for name in named if not (ROOT / name).exists()] == []
    below = ROOT / "src" / "tonnage" / "inventory"
    assert [name for name in re.findall(r"`(sql/\w+)/`", text) if not (below / name).is_dir()] == []


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_a_form_can_be_filled_in(form: Path) -> None:
    """It has what a host asks of a form, and the commands that it has people run exist."""
    filled = yaml.safe_load(form.read_text())
    assert set(filled) == {"name", "description", "body"}
    assert all(field["type"] in ("input", "textarea") and field["attributes"]["label"] for field in filled["body"])
    assert len({field["id"] for field in filled["body"]}) == len(filled["body"])
    called = re.findall(r"`tonnage ([a-z][a-z-]*)", form.read_text())
    assert [name for name in called if name not in {**COMMANDS, **builtin_reports()}] == []


def test_a_fault_is_reported_with_what_is_needed() -> None:
    """The version, what tonnage found odd, and which registry on which storage."""
    text = (ROOT / ".github" / "ISSUE_TEMPLATE" / "wrong.yml").read_text()
    assert "`tonnage --version`" in text and "`tonnage problems --csv`" in text and "Registry and storage" in text


@pytest.mark.parametrize("page", PAGES)
def test_the_readme_leads_there(page: str) -> None:
    """In both languages."""
    assert all(f"]({page})" in (ROOT / name).read_text() for name in ("README.md", "README.zh-CN.md"))
