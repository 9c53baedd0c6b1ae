"""What a person is told to run works when it is copied, from whatever folder; and a plan for a volume that is full."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tonnage.cli import main
from tonnage.cli.apply import _next_step
from tonnage.cli.remote import Target
from tonnage.inventory.pace import Volume
from tonnage.sample import Builder

pytestmark = pytest.mark.slow

Call = Callable[..., tuple[object, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Calls the program; returns how it ends and all it says."""

    def run(*words: object) -> tuple[object, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        return ended.value.code or 0, "".join(capsys.readouterr())

    return run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call) -> Path:
    """A folder with a blank in its name, with a registry in it that was scanned from there."""
    folder = tmp_path / "my registry"
    registry = Builder(folder / "registry")
    for tag in "123":
        registry.repository("app").image([registry.layer(tag.encode() * 1000)], tag=tag)
    registry.layer(b"nobody needs it")
    monkeypatch.chdir(folder)
    monkeypatch.delenv("TONNAGE_INVENTORY", raising=False)
    assert call("scan", "registry", "-q", "-i", "it.duckdb")[0] == 0
    return folder


def commands_in(text: str) -> list[list[str]]:
    """Return the commands that a text names, as a shell would take them."""
    return [shlex.split(found)[1:] for found in re.findall(r"tonnage (?:explain|scan|verify|gc) .*", text)]


def test_they_work_when_copied(folder: Path, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of a plan and of a preview, from another folder."""
    code, planned = call("plan", "app:1", "-i", "it.duckdb", "-o", "my plan.json")
    assert code == 0
    found = commands_in(planned)
    assert [words[0] for words in found] == ["scan", "verify", "explain"]
    monkeypatch.chdir(tmp_path)
    assert call(*found[0])[0] == 0
    assert call(*found[1])[0] == 16  # nothing was deleted, and it says so of this plan
    assert "1 manifest with 1 tag" in call(*found[2])[1]
    (folder / "registry/docker/registry/v2/repositories/app/_manifests/tags/1/current/link").write_bytes(b"")
    (folder / "registry/docker/registry/v2/repositories/app/_manifests/tags/2/current/link").write_bytes(b"")
    call(*found[0])
    code, previewed = call("gc", "--collector", "2", "-m", "-i", "my registry/it.duckdb")
    found = commands_in(previewed)
    assert code == 0 and found
    assert all(call(*words)[0] == 0 for words in found)


def test_those_of_apply_name_the_login() -> None:
    """Whole paths, quoted; a plan from a pipe stays one."""
    again = Target("https://r.example.com", "ca.pem", "my login", 1, 1).again
    here = Path.cwd()
    text = _next_step("my plan.json", "00ff", Path("x.journal"), again, is_dry_run=True)
    assert shlex.split(text.partition("tonnage ")[2]) == [
        "apply", f"{here}/my plan.json", "--registry", "https://r.example.com", "--credentials", f"{here}/my login",
        "--ca", f"{here}/ca.pem", "--confirm", "00ff",
    ]  # fmt: skip
    done = _next_step("-", "00ff", Path("x.journal"), again, is_dry_run=False)
    assert f"tonnage undo {here}/x.journal --registry" in done and done.endswith("tonnage verify -")


def test_until_the_volume_is_no_fuller(folder: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wanted is what is above the share, what is orphaned included; where nobody knows how full it is, no plan."""
    words = ("plan", "-i", "it.duckdb", "--free-to")
    code, said = call(*words, "80%")
    assert code == 12 and "--free SIZE" in said
    monkeypatch.setattr("tonnage.cli.volume.volume_at", lambda place: Volume(10_000, 1_000))
    assert call(*words, "80%")[0] == 0
    plan = json.loads(Path("plan.json").read_text())
    assert (plan["frontier"]["goal_bytes"], len(plan["items"])) == (1_000, 1)
    code, said = call(*words, "90%")
    assert code == 0 and "the volume is no fuller than 90% as it is" in said
    assert json.loads(Path("plan.json").read_text())["items"] == []
    for wrong in (("--free-to", "101%"), ("--free-to", "80"), ("--free-to", "80%", "--free", "1GiB")):
        assert call("plan", "-i", "it.duckdb", *wrong)[0] == 2
