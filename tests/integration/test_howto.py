"""From a full disk to freed, as predicted: the how-tos followed to the letter, on a real registry."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from realregistry import config_file, running_registry
from tonnage.plan import read_plan
from tonnage.sample import build_demo

pytestmark = pytest.mark.integration

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
PODS = {"items": [{"spec": {"containers": [{"image": "registry.example.com/ml/notebook:cuda"}]}}]}
POLICY = '[[rule]]\nrepositories = ["*"]\nkeep_last = 1\ndelete_untagged = true\n'


def commands_of(name: str) -> list[str]:
    """Return the commands of a page in their order, a line each."""
    text = (HOW_TO / name).read_text(encoding="utf-8")
    found = []
    for kind, block in re.findall(r"^```(sh|console)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        lines = block.splitlines()
        found += lines if kind == "sh" else [line[2:] for line in lines if line.startswith("$ ")]
    return found


def fullness_without(size_bytes: int, place: Path) -> float:
    """Return how full the disk here would be without so many bytes, in percent: the 80 of the page fit no other disk."""
    disk = shutil.disk_usage(place)
    return round(100 * (1 - (disk.free + size_bytes) / disk.total), 1)


class Reader:
    """Somebody who types what a page says, with the names of this place in it."""

    def __init__(self, folder: Path, root: Path, url: str) -> None:
        self.folder = folder
        self.names = {
            "/var/lib/registry": str(root),
            "https://registry.example.com": url,
            "/etc/docker/registry/config.yml": config_file(root, folder),
            "--free-to 80%": f"--free-to {fullness_without(2 << 30, root)}%",
        }
        programs = folder / "bin"
        programs.mkdir()
        self._program(programs / "tonnage", f'exec {sys.executable} -m tonnage "$@"')
        self._program(programs / "kubectl", f"cat <<'END'\n{json.dumps(PODS)}\nEND")
        self.environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "COLUMNS": "80"}

    def type(self, line: str) -> str:
        """Type a line, which must not fail; return what is said."""
        for name, here in self.names.items():
            line = line.replace(name, here)
        if "4f4f4f4f4f4f" in line:
            plan_id = read_plan((self.folder / "plan.json").read_bytes()).id
            line = line.replace("4f" * 16, plan_id[:32]).replace("4f" * 6, plan_id[:12])
        done = subprocess.run(line, shell=True, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        said = done.stdout + done.stderr
        assert done.returncode == 0, f"$ {line}\n{said}"
        return said

    def _program(self, path: Path, text: str) -> None:
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)


def test_the_how_tos_lead_where_they_say(tmp_path: Path) -> None:
    """A plan is made, read, applied, taken back, applied again, collected; and verified, to the byte."""
    root = tmp_path / "registry"
    build_demo(root)
    (tmp_path / "policy.toml").write_text(POLICY)
    lines = commands_of("free-space-with-a-plan.md")
    collecting = next(number for number, line in enumerate(lines) if "garbage-collect" in line)
    said = []
    with running_registry(root) as running:
        reader = Reader(tmp_path, root, running.url)
        said += [reader.type(line) for line in lines[:collecting]]
        taken_back = [reader.type(line) for line in commands_of("undo.md")]
        reader.type(lines[collecting - 1])
    said += [reader.type(line) for line in lines[collecting:]]
    assert "dry run, nothing was changed" in said[collecting - 2]
    assert "deleted" in said[collecting - 1]
    assert "restored" in taken_back[-1]
    assert "as predicted, to the byte" in said[-1]
