"""The action for GitHub and the CronJob: they scan, say what fills the registry, and end with the code of what is wrong."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from console import run
from tonnage.sample import Builder

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ACTION = ROOT / ".github" / "actions" / "preflight"
INPUTS = yaml.safe_load((ACTION / "action.yml").read_text())["inputs"]


@pytest.fixture
def multi_arch(registry: Builder) -> Builder:
    """A registry with one index, whose platforms 2.x with -m takes, and with an image that lost a layer."""
    app = registry.repository("app")
    app.index([app.image([registry.layer(name.encode())]) for name in ("amd64", "arm64")], tag="1")
    lost = registry.layer(b"lost")
    registry.repository("lost").image([lost], tag="1")
    registry.blob_path(lost.digest).unlink()
    return registry


def preflight(folder: Path, **inputs: str) -> tuple[int, str, str]:
    """Run the action's script as the action does; return its exit code, the job's summary and what it printed."""
    given = {name: text["default"] for name, text in INPUTS.items() if "default" in text} | inputs
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TONNAGE")}
    variables = {name.upper().replace("-", "_"): value for name, value in given.items()}
    files = {"GITHUB_OUTPUT": str(folder / "output"), "GITHUB_STEP_SUMMARY": str(folder / "summary")}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [ACTION / "preflight.sh"],
        env=kept | variables | files | {"RUNNER_TEMP": str(folder), "PATH": path},
        capture_output=True,
        text=True,
    )
    summary = folder / "summary"
    return done.returncode, summary.read_text() if summary.exists() else "", done.stdout + done.stderr


def test_the_action_says_what_would_break(multi_arch: Builder, tmp_path: Path) -> None:
    """Problems do not end it, a limit that holds is said to hold, and the collection decides."""
    code, summary, printed = preflight(
        tmp_path,
        place=str(multi_arch.root),
        limits="  --blocks-collection\n\n  --older-than=1d\n",
        collection="--collector=2\n--delete-untagged",
    )
    assert code == 15, printed
    assert "all limits hold" in summary and "It would BREAK 1 tagged image" in summary
    assert f"inventory={tmp_path / 'tonnage.duckdb'}" in (tmp_path / "output").read_text()


def test_the_action_ends_where_there_is_no_registry(tmp_path: Path) -> None:
    """With the code of the scan, and nothing is asked of an inventory that is not there."""
    assert preflight(tmp_path, place=str(tmp_path), limits="--older-than=1d")[:2] == (4, "")


def test_the_action_hands_inputs_over_as_variables() -> None:
    """All of them, so that no text of theirs is ever part of a script."""
    steps = yaml.safe_load((ACTION / "action.yml").read_text())["runs"]["steps"]
    handed = [value for step in steps for value in step["env"].values()]
    assert handed.count("${{ inputs.place }}") == 1 and len(handed) == len(INPUTS)
    assert [step["run"] for step in steps if "${{" in step["run"]] == []


def test_the_cron_job_runs_as_it_is_written(multi_arch: Builder, tmp_path: Path) -> None:
    """Its containers, one after the other: the scan goes on past problems, the last two judge."""
    job = next(yaml.safe_load_all((ROOT / "deploy" / "kubernetes" / "cronjob.yaml").read_text()))
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    paths = {"/var/lib/registry": str(multi_arch.root), "/var/lib/tonnage/": f"{tmp_path}/"}
    codes = {"without --problems-ok": run("tonnage scan /var/lib/registry -i other.duckdb", tmp_path, paths)[0]}
    for container in [*pod["initContainers"], *pod["containers"]]:
        line = shlex.join(["tonnage", *container["args"]])
        codes[container["name"]], _ = run(line, tmp_path, paths)
    assert codes == {"without --problems-ok": 3, "scan": 0, "report": 0, "check": 28, "collection": 0}
