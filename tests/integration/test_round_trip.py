"""From a full disk to freed, as predicted: scan, plan, apply over HTTP, collect, scan again, verify to the byte."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from realregistry import collect, running_registry
from seeds import some
from tonnage.plan import read_plan
from tonnage.sample import Builder, build_demo

pytestmark = pytest.mark.integration


def tonnage(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the program in a folder."""
    command = [sys.executable, "-m", "tonnage", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def stored_bytes(root: Path) -> int:
    """Return the bytes of all blobs on the disk."""
    return sum(path.stat().st_size for path in (root / "docker/registry/v2/blobs").rglob("data"))


@pytest.fixture
def registry(tmp_path: Path) -> Builder:
    """The demo registry, to be changed."""
    return build_demo(tmp_path / "registry")


@pytest.mark.parametrize(
    "wanted",
    some([["ml/notebook:cuda", "shop/search", "team-a/*:1.*"], ["--policy", "policy.toml"], ["--free", "9GiB"]], 3),
)
def test_freed_as_predicted(tmp_path: Path, registry: Builder, wanted: list[str]) -> None:
    """What the plan predicts for 2.x without -m leaves the disk, and verify says so."""
    root = tmp_path / "registry"
    policy = '[[rule]]\nrepositories = ["*"]\ndelete_untagged = true\nkeep_last = 3\nkeep_tags = ["latest"]\n'
    (tmp_path / "policy.toml").write_text(policy)
    tonnage(tmp_path, "scan", "-q", str(root))
    tonnage(tmp_path, "plan", *wanted)
    plan_id = read_plan((tmp_path / "plan.json").read_bytes()).id
    assert f"Plan {plan_id[:12]}: " in tonnage(tmp_path, "explain", "plan.json").stdout
    before = stored_bytes(root)
    with running_registry(root) as running:
        tonnage(tmp_path, "apply", "plan.json", "--registry", running.url, "--confirm", plan_id[:32], "-q")
    assert collect(root).exit_code == 0
    freed = before - stored_bytes(root)
    tonnage(tmp_path, "scan", "-q", str(root))
    said = tonnage(tmp_path, "verify", "plan.json").stderr
    assert f"predicted {freed:,} bytes, freed {freed:,}" in said
    assert "as predicted, to the byte" in said


def test_not_as_predicted(tmp_path: Path, registry: Builder) -> None:
    """Without a collection nothing is freed, and a layer that was pushed again is needed again: verify says which."""
    root = tmp_path / "registry"
    tonnage(tmp_path, "scan", "-q", str(root))
    tonnage(tmp_path, "plan", "ml/notebook:cuda")
    tonnage(tmp_path, "verify", "plan.json", code=14)
    tonnage(tmp_path, "scan", "-q", str(root))
    found = tonnage(tmp_path, "verify", "plan.json", "--json", code=16)
    assert "revision still there" in found.stdout
    assert "needed again: ml/notebook:cuda" in found.stdout


def test_more_gone_than_predicted(tmp_path: Path, registry: Builder) -> None:
    """A collection with -m takes more than the plan predicts for one without: that is a finding, with its bytes."""
    root = tmp_path / "registry"
    tonnage(tmp_path, "scan", "-q", str(root))
    tonnage(tmp_path, "plan", "--free", "9GiB")
    with running_registry(root) as running:
        plan_id = read_plan((tmp_path / "plan.json").read_bytes()).id
        tonnage(tmp_path, "apply", "plan.json", "--registry", running.url, "--confirm", plan_id, "-q")
    before = stored_bytes(root)
    assert collect(root, delete_untagged=True).exit_code == 0
    tonnage(tmp_path, "scan", "-q", str(root), code=3)  # 2.x -m has taken children of tagged indexes
    found = json.loads(tonnage(tmp_path, "verify", "plan.json", "--json", code=16).stdout)
    predicted = sum(read_plan((tmp_path / "plan.json").read_bytes()).freed_blobs.values())
    other = before - stored_bytes(root) - predicted
    assert [(row["finding"], row["size_bytes"]) for row in found] == [("blobs gone that were to stay", other)]
