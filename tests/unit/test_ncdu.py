"""The export for ncdu: whoever counts hard links once comes to tonnage's own figures; real ncdu and gdu do."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scanning import scan_tree
from tonnage.inventory.database import Inventory
from tonnage.sample import Builder
from tonnage.show.ncdu import ORPHANED, UPLOADS, export
from tonnage.sizes import format_size

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def opened(demo_inventory: Path) -> Iterator[Inventory]:
    """The demo, opened once."""
    with Inventory(str(demo_inventory)) as inventory:
        yield inventory


def exported(inventory: Inventory) -> list[Any]:
    """Return the root of an export."""
    major, _, about, root = json.loads("".join(export(inventory, NOW)))
    assert (major, about["progname"]) == (1, "tonnage")
    return root  # type: ignore[no-any-return]


def files(node: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield the files of a folder."""
    for inner in node[1:]:
        if isinstance(inner, dict):
            yield inner
        else:
            yield from files(inner)


def folders_count(node: list[Any]) -> int:
    """Return the number of folders below one."""
    return sum(1 + folders_count(inner) for inner in node[1:] if isinstance(inner, list))


def sizes(root: list[Any]) -> dict[str, tuple[int, int]]:
    """Return, for each folder at the top, its size and its unique size, as ncdu counts them."""
    links = dict.fromkeys({file["ino"] for file in files(root)}, 0)
    for file in files(root):
        links[file["ino"]] += 1
    found = {}
    for folder in root[1:]:
        inside: dict[int, list[dict[str, Any]]] = {}
        for file in files(folder):
            inside.setdefault(file["ino"], []).append(file)
        assert all(each[0].get("nlink", 1) == links[inode] for inode, each in inside.items())
        size = sum(each[0]["dsize"] for each in inside.values())
        unique = sum(each[0]["dsize"] for inode, each in inside.items() if len(each) == links[inode])
        found[folder[0]["name"]] = (size, unique)
    return found


def expected(inventory: Inventory) -> dict[str, tuple[int, int]]:
    """Return what the namespaces need, and alone."""
    rows = inventory.query(
        "select namespace, stored_bytes, exclusive_bytes from namespace_usage where stored_bytes > 0"
    ).rows
    ((orphaned,),) = inventory.query("select sum(size_bytes) from orphaned").rows
    ((uploads,),) = inventory.query("select sum(size_bytes) from upload").rows
    return {name: (stored, alone) for name, stored, alone in rows} | {
        ORPHANED: (orphaned, orphaned), UPLOADS: (uploads, uploads)
    }  # fmt: skip


def test_folders_are_as_large_as_namespaces(opened: Inventory) -> None:
    """Both in size and in unique size; the whole is all blobs, each once, and the uploads."""
    root = exported(opened)
    assert sizes(root) == expected(opened)
    ((blobs,),) = opened.query("select sum(size_bytes) from blob").rows
    once = {file["ino"]: file["dsize"] for file in files(root)}
    ((uploads,),) = opened.query("select sum(size_bytes) from upload").rows
    assert sum(once.values()) == blobs + uploads


def test_names_are_names(registry: Builder, tmp_path: Path) -> None:
    """A repository inside another's folder, a step with slashes and controls, one name for each component."""
    step = "RUN cat /etc/passwd \x1b[2J"
    for name in ("app", "app/deep/one", "app/deep", "apple", "z"):
        registry.repository(name).image([registry.layer(b"shared")], tag="1", history=[{"created_by": step}])
    scan_tree(registry.root, tmp_path / "it")
    with Inventory(str(tmp_path / "it")) as inventory:
        root = exported(inventory)
    app = root[1]
    assert [node[0]["name"] for node in root[1:4]] == ["app", "apple", "z"]
    assert [node[0]["name"] for node in app[1:]] == ["1", "deep"]
    assert [node[0]["name"] for node in app[2][1:]] == ["1", "one"]
    names = {file["name"] for file in files(root)}
    assert not any("/" in name or "\x1b" in name for name in names)
    assert {file["nlink"] for file in files(root) if "passwd" in file["name"]} == {5}


@pytest.mark.skipif(not shutil.which("gdu"), reason="gdu is not installed")
def test_gdu_says_the_same(opened: Inventory, tmp_path: Path) -> None:
    """The real one, of the whole: it counts a hard link in the first folder that has it."""
    path = tmp_path / "it.ncdu"
    path.write_text("".join(export(opened, NOW)))
    done = subprocess.run(
        ["gdu", "-n", "-p", "-c", "--no-prefix", "-f", str(path)], capture_output=True, text=True, check=True
    )
    found = {name: int(size) for size, name in re.findall(r"^\s*(\d+) /(.*)$", done.stdout, re.MULTILINE)}
    root = json.loads(path.read_text())[3]
    once = {file["ino"]: file["dsize"] for file in files(root)}
    assert set(found) == set(expected(opened))
    for_folders = sum(found.values()) - sum(once.values())  # of which gdu takes each for a block
    assert for_folders == 4096 * folders_count(root)


@pytest.mark.skipif(not shutil.which("ncdu"), reason="ncdu is not installed")
def test_ncdu_says_the_same(opened: Inventory, tmp_path: Path) -> None:
    """The real one, on a terminal: what it shows of every folder."""
    path = tmp_path / "it.ncdu"
    path.write_text("".join(export(opened, NOW)))
    shown = on_terminal(["ncdu", "-f", str(path)])
    for name, (size, _) in expected(opened).items():
        found = re.findall(rf"([\d.]+)\s+([KMG]iB)\s+\[[ #]*\]\s+/{re.escape(name[:20])}", shown)
        assert found, shown
        number, unit = format_size(size).split()
        assert unit == found[-1][1] and float(number) == pytest.approx(float(found[-1][0]), abs=0.6)


def on_terminal(words: list[str]) -> str:
    """Return what a program shows first on a terminal of 100 by 40, without colours; then it is told to quit."""
    environment = {**os.environ, "TERM": "vt100", "LINES": "40", "COLUMNS": "100"}
    main, side = pty.openpty()
    process = subprocess.Popen(words, stdin=side, stdout=side, stderr=side, env=environment)
    os.close(side)
    time.sleep(1.5)
    os.write(main, b"q")
    shown = b""
    while True:
        try:
            piece = os.read(main, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    process.wait(10)
    os.close(main)
    return re.sub(r"\x1b[\[(][0-9;?]*[A-Za-z]|[\x00-\x1f]", " ", shown.decode(errors="replace"))
