"""`scripts/release_check.py` says what would keep a release from fitting together, and of this clone nothing."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
FILES = ["CHANGELOG.md", "README.md", "README.zh-CN.md", "pyproject.toml", "src/tonnage/__init__.py"]
FOLDERS = ["docs", "deploy", "src/tonnage/web/words"]


@pytest.fixture(scope="module")
def check() -> ModuleType:
    """The script."""
    spec = importlib.util.spec_from_file_location("release_check", ROOT / "scripts" / "release_check.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def clone(check: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what the script reads, to be spoilt."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in [*FILES, *(name for name in tracked.splitlines() if name.startswith(tuple(f"{f}/" for f in FOLDERS)))]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    subprocess.run(["git", "add", "README.md"], cwd=tmp_path, check=True)
    monkeypatch.setattr(check, "ROOT", tmp_path)
    return tmp_path


def faults(check: ModuleType) -> list[str]:
    """Return what is said without running the generators, which have tests of their own."""
    return [*check.versions(), *check.links(), *check.translations(), *check.images()]


def test_this_clone_fits_together(check: ModuleType) -> None:
    """Versions, links, translations and images."""
    assert faults(check) == []


SPOILT: dict[str, tuple[str, Callable[[str], str], str]] = {
    "version": ("src/tonnage/__init__.py", lambda text: text.replace('= "0.', '= "9.'), "no entry for 9."),
    "wheel": ("README.md", lambda text: text.replace("tonnage-0.", "tonnage-8."), "names version 8."),
    "link": ("README.md", lambda text: text + "[gone](docs/gone.md)\n", "links to docs/gone.md"),
    "section": ("README.zh-CN.md", lambda text: text.replace("\n## ", "\n### ", 1), "other sections"),
    "command": ("README.zh-CN.md", lambda text: text.replace("make demo", "make dem"), "lacks '```sh\\nmake demo"),
    "word": (
        "src/tonnage/web/words/en.toml",
        lambda text: text + '\n[brand_new]\nword = "x"\n',
        "lacks brand_new.word",
    ),
    "base": ("deploy/Containerfile", lambda text: text.replace("@sha256:", "@sha25:"), "has no digest"),
    "image": ("deploy/compose.yaml", lambda text: text.replace("registry:2 #", "registry #"), "has no version"),
}


@pytest.mark.parametrize("fault", SPOILT)
def test_each_fault_is_found(fault: str, clone: Path, check: ModuleType) -> None:
    """One fault at a time, and it is named."""
    name, spoil, said = SPOILT[fault]
    before = (clone / name).read_text()
    (clone / name).write_text(spoil(before))
    assert (clone / name).read_text() != before
    assert any(said in line for line in faults(check)), faults(check)


def test_nothing_is_published_that_is_nobodys(check: ModuleType) -> None:
    """The tag has to be the version's, and the addresses ours."""
    assert any(f"the version {check.version()}" in line for line in check.unpublished("v99"))
    assert not any("the version" in line for line in check.unpublished(f"v{check.version()}"))


def test_the_notes_are_the_entry_of_the_version(check: ModuleType) -> None:
    """A screen of them, and nothing of another version."""
    notes = check.entry(check.version())
    assert 0 < len(notes.splitlines()) <= 50
    assert "\n## " not in notes
