"""The container file is well-formed, and what it builds needs no shell, no root, and of a clone only the program."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

from containerfile import CONTAINER, CONTAINERFILE, INVENTORY, LAST_STAGE, ROOT, USER
from tonnage.cli.serve import PORT


def test_the_container_file_has_no_fault_a_linter_knows() -> None:
    """hadolint reads it as the builders do; several RUN in the stage that is thrown away are no fault."""
    hadolint = Path(sys.executable).with_name("hadolint")
    run = subprocess.run(
        [hadolint, "--ignore", "DL3059", CONTAINERFILE], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert (run.returncode, run.stdout + run.stderr) == (0, "")


def test_the_image_needs_no_shell() -> None:
    """Nothing runs in its last stage while it is built, and the command is not a line for a shell."""
    last = CONTAINER[LAST_STAGE:]
    assert [word for word, _ in last if word == "RUN"] == []
    assert json.loads(dict(last)["ENTRYPOINT"]) == ["tonnage"]
    assert dict(last)["EXPOSE"].split() == ["8080", str(PORT)]
    assert all(json.loads(rest) for word, rest in CONTAINER if word == "RUN")


def test_the_image_is_made_of_what_was_looked_at() -> None:
    """Bases by digest, packages by hash and as they were tested; pip may neither build another nor choose."""
    bases = [rest.split()[0] for word, rest in CONTAINER if word == "FROM"]
    assert [base for base in bases if not re.fullmatch(r"\S+:[\w.-]+@sha256:[0-9a-f]{64}", base)] == []
    for word, rest in CONTAINER:
        if word == "RUN" and "pip" in json.loads(rest):
            assert {"--require-hashes", "--no-index"} & set(json.loads(rest))
    lock = subprocess.run([sys.executable, ROOT / "scripts" / "lock.py", "--check"], capture_output=True, text=True)
    assert (lock.returncode, lock.stderr) == (0, "")


def test_the_image_is_not_roots() -> None:
    """Its user is a number, and the only folder of that user is the one for the inventory."""
    last = CONTAINER[LAST_STAGE:]
    assert ("USER", f"{USER}:{USER}") in last
    assert [rest for word, rest in last if "--chown" in rest] == [
        f"--from=build --chown={USER}:{USER} /inventory {INVENTORY}"
    ]
    assert ("VOLUME", INVENTORY) in last
    assert any(f"TONNAGE_INVENTORY={INVENTORY}/tonnage.duckdb" in rest for word, rest in last if word == "ENV")


def test_the_image_is_built_from_what_the_builder_is_given() -> None:
    """What it copies is there, and .dockerignore keeps all else out, so that no secret of a clone gets in."""
    copied = {name for word, rest in CONTAINER[:LAST_STAGE] if word == "COPY" for name in rest.split()[:-1]}
    assert [name for name in copied if not (ROOT / name).exists()] == []
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert ignored[0] == "*"
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == copied


ELSEWHERE = {"httpx2-jsfetch"}
"""What the lock has for other systems only; the image has none of it."""


def test_what_the_image_brings_may_be_given_on() -> None:
    """The document of licences is fresh, has all that the image has, and none that binds what is beside it."""
    script = ROOT / "scripts" / "licences.py"
    check = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert (check.returncode, check.stderr) == (0, "")
    always = (ROOT / "docs" / "reference" / "licences.md").read_text().split("\n## ")[1]
    listed = set(re.findall(r"^\| `(.+)` \|", always, re.MULTILINE))
    locked = set(re.findall(r"^([\w.-]+)==", (ROOT / "deploy" / "requirements.txt").read_text(), re.MULTILINE))
    assert {name.replace(".", "-").replace("_", "-") for name in locked} - ELSEWHERE == listed


def test_a_licence_that_binds_is_found() -> None:
    """And one that nobody says; for developers' own programs the first is none of anybody's business."""
    faults = runpy.run_path(str(ROOT / "scripts" / "licences.py"))["faults"]
    found = {"a": "MIT OR GPL-3.0", "b": "", "c": "Apache-2.0", "d": "Proprietary"}
    assert [line.split()[0] for line in faults("", found)] == ["a", "b", "d"]
    assert [line.split()[0] for line in faults("dev", found)] == ["b"]
