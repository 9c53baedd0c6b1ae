"""OCI image layouts for tests, written from a registry's own storage, and a count of them that shares no code with ours."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tonnage.sample import documents

MARKER = b'{"imageLayoutVersion":"1.0.0"}'
REF_NAME = "org.opencontainers.image.ref.name"
Share = Callable[[str, str], bool]
"""Whether a repository has a blob (by digest) as another name of the file that the repository before it has."""


def linked(repository: str, digest: str) -> bool:
    """Share everything: zot's storage with deduplication."""
    return True


def copied(repository: str, digest: str) -> bool:
    """Share nothing: layouts made one by one."""
    return False


def write_layouts(v2: Path, root: Path, share: Share = linked, *, is_linked_to_source: bool = False) -> Path:
    """Write each repository of a healthy registry storage as a layout below `root`; return `root`.

    Linked to their source, blobs take no disk, and sparse ones stay sparse.
    """
    files: dict[str, Path] = {}
    for manifests in sorted((v2 / "repositories").rglob("_manifests")):
        repository = str(manifests.parent.relative_to(v2 / "repositories"))
        folder = root / repository
        (folder / "blobs/sha256").mkdir(parents=True)
        (folder / "oci-layout").write_bytes(MARKER)
        digests = [*_digests(manifests / "revisions"), *_digests(manifests.parent / "_layers")]
        for digest in digests:
            source = v2 / "blobs" / digest.replace(":", f"/{digest[7:9]}/") / "data"
            target = folder / "blobs" / digest.replace(":", "/")
            if target.exists() or not source.exists():
                continue
            if is_linked_to_source:
                os.link(source, target)
            elif digest in files and share(repository, digest):
                os.link(files[digest], target)
            else:
                shutil.copy2(source, target)
                files[digest] = target
        write_index(folder, _entries(v2, manifests))
    return root


def write_index(folder: Path, entries: Iterable[tuple[str, str]]) -> None:
    """Write an index.json of digests and tags; an empty tag is none."""
    manifests = []
    for digest, tag in entries:
        path = folder / "blobs" / digest.replace(":", "/")
        content = json.loads(path.read_bytes()) if path.exists() else {}
        entry: dict[str, Any] = {
            "mediaType": content.get("mediaType", documents.OCI_MANIFEST),
            "digest": digest,
            "size": path.stat().st_size if path.exists() else 1,
        }
        if tag:
            entry["annotations"] = {REF_NAME: tag}
        manifests.append(entry)
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": manifests}))


def bytes_on_disk(root: Path) -> int:
    """Return the bytes of all files, each file once, however many names it has."""
    found = {}
    for path in root.rglob("*"):
        status = path.lstat()
        if path.is_file() and not path.is_symlink():
            found[status.st_dev, status.st_ino] = status.st_size
    return sum(found.values())


def freed_by_collecting(root: Path, repositories: Iterable[str]) -> int:
    """Return the bytes of the files that only the manifests of these repositories need: zot's collection of them."""
    kept: set[int] = set()
    gone: dict[int, int] = {}
    for index in root.rglob("index.json"):
        folder = index.parent
        needed = _needed(folder, [entry["digest"] for entry in json.loads(index.read_text())["manifests"] or ()])
        for path in needed:
            if str(folder.relative_to(root)) in repositories:
                gone[path.stat().st_ino] = path.stat().st_size
            else:
                kept.add(path.stat().st_ino)
    return sum(size for inode, size in gone.items() if inode not in kept)


def _needed(folder: Path, digests: list[str]) -> set[Path]:
    found = set()
    todo = list(digests)
    while todo:
        path = folder / "blobs" / todo.pop().replace(":", "/")
        if path.exists() and path not in found:
            found.add(path)
            todo += documents.references(path.read_bytes()) if path.stat().st_size < 1_000_000 else ()
    return found


def _digests(folder: Path) -> list[str]:
    links = sorted(folder.glob("*/*/link"))
    return [f"{link.parent.parent.name}:{link.parent.name}" for link in links]


def _entries(v2: Path, manifests: Path) -> list[tuple[str, str]]:
    """Return what zot lists: each tag, and each revision without one that no index of the repository names."""
    tags = {link.parent.parent.name: link.read_text() for link in sorted(manifests.glob("tags/*/current/link"))}
    revisions = _digests(manifests / "revisions")
    named: set[str] = set()
    for digest in revisions:
        path = v2 / "blobs" / digest.replace(":", f"/{digest[7:9]}/") / "data"
        if path.exists():
            named |= documents.references(path.read_bytes())
    untagged = [digest for digest in revisions if digest not in tags.values() and digest not in named]
    return [(digest, tag) for tag, digest in tags.items()] + [(digest, "") for digest in untagged]
