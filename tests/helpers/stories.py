"""Random registries: a story is a list of operations, each a name and three small numbers that say on what.

Every list of operations is a story: an operation that finds nothing to work on does nothing. So hypothesis may draw,
shorten and repeat them as it likes.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from hashlib import sha512
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st

from tonnage.sample import Builder, Descriptor, Repository, documents

Operation = tuple[str, int, int, int]
Thing = TypeVar("Thing")

NAMES = ("app", "app/sub", "org/web", "org/db/main", "z")
TAGS = ("latest", "1", "link", "index")
NOISE = bytes(range(256))
OTHER_JSON = b'{"schemaVersion": 2, "mediaType": "application/x", "layers": 5}'


class Story:
    """A registry to which things happen. Time goes by as it does on the wall: a file's time is when it was written."""

    def __init__(self, root: Path) -> None:
        self.registry = Builder(root)
        for name in ("blobs", "repositories"):
            (self.registry.v2 / name).mkdir(parents=True)
        self.pushed: dict[str, list[Descriptor]] = {name: [] for name in NAMES}

    @property
    def v2(self) -> Path:
        return self.registry.v2

    def tell(self, operations: Collection[Operation]) -> None:
        """Let operations happen, in their order."""
        for name, *numbers in operations:
            self.registry.when = datetime.now(UTC)
            with contextlib.suppress(OSError, UnicodeDecodeError):  # among damaged files a push does what it can
                OPERATIONS[name](self, *numbers)

    def repo(self, number: int) -> Repository:
        return self.registry.repository(NAMES[number % len(NAMES)])

    def tag(self, number: int) -> str:
        """Return one of the tags, or none."""
        return (*TAGS, "", "")[number % 6]

    def layer(self, number: int) -> Descriptor:
        return self.registry.layer(b"%d" % number * (number + 1), media_type=documents.OCI_LAYER)

    def files(self, below: str = "") -> list[Path]:
        """Return all files, in a fixed order."""
        return sorted(path for path in (self.v2 / below).rglob("*") if path.is_file())

    def folders(self) -> list[Path]:
        """Return all folders two or more levels deep, in a fixed order."""
        return sorted(path for path in self.v2.glob("*/*/**/") if path.is_dir())


def push(story: Story, a: int, b: int, c: int) -> None:
    """An image of up to three layers, which others may have too."""
    layers = [story.layer(number) for number in sorted({b, c, b * c % 7})]
    platform = ("linux/amd64", "linux/arm64")[c % 2]
    story.pushed[story.repo(a).name].append(
        story.repo(a).image(layers, tag=story.tag(b + c), platform=platform, docker=c == 5)
    )


def index(story: Story, a: int, b: int, c: int) -> None:
    """An index of some of what the repository has, other indexes included."""
    repo = story.repo(a)
    children = [x for x in story.pushed[repo.name][b % 3 :: 2] if repo.revision_link(x.digest).is_file()]
    story.pushed[repo.name].append(repo.index(children, tag=story.tag(c), docker=c == 5))


def referrer(story: Story, a: int, b: int, c: int) -> None:
    """Something about another manifest: there, deleted, or of another repository."""
    if subject := _pick([x for name in NAMES for x in story.pushed[name]], b):
        repo, empty = story.repo(a), story.registry.blob(b"{}", documents.OCI_EMPTY)
        pushed = repo.image([story.layer(c)], config=empty, subject=subject, artifact_type="a/b", tag=story.tag(c))
        story.pushed[repo.name].append(pushed)


def other_kinds(story: Story, a: int, b: int, c: int) -> None:
    """A cache, a schema 1 image, an attested image, one with a foreign layer or one with a sha512 layer."""
    repo, layer, tag = story.repo(a), story.layer(c), story.tag(b)
    if b % 5 == 0:
        repo.cache([layer], tag=tag)
    elif b % 5 == 1:
        repo.schema1([layer], tag=tag or "old")
    elif b % 5 == 2:
        image = repo.image([layer])
        repo.index([image, repo.attestation(image)], tag=tag)
    elif b % 5 == 3:
        repo.image([story.registry.foreign_layer(size_bytes=100, seed=str(c)), layer], tag=tag)
    else:
        alias = "sha512:" + sha512(layer.digest.encode()).hexdigest()
        repo.link(repo.layer_link(alias), layer.digest)
        config = story.registry.blob(b"{}", documents.OCI_CONFIG)
        aliased = Descriptor(layer.media_type, alias, layer.size_bytes)
        repo.manifest(documents.image_manifest(config, [aliased]), tag=tag)


def tag_over(story: Story, a: int, b: int, c: int) -> None:
    """Point a tag at something that is there, or was."""
    if target := _pick(story.pushed[story.repo(a).name], b):
        story.repo(a).tag(TAGS[c % len(TAGS)], target.digest)


def untag(story: Story, a: int, b: int, c: int) -> None:
    """Remove a tag."""
    if tag := _pick(sorted(story.repo(a).path.glob("_manifests/tags/*/")), b):
        shutil.rmtree(tag)


def delete(story: Story, a: int, b: int, c: int) -> None:
    """Delete by digest."""
    repo = story.repo(a)
    here = [x.digest for x in story.pushed[repo.name] if repo.revision_link(x.digest).is_file()]
    if digest := _pick(here, b):
        repo.delete(digest)


def upload(story: Story, a: int, b: int, c: int) -> None:
    """Begin an upload, or be done with one."""
    uploads = sorted(story.repo(a).path.glob("_uploads/*/"))
    if c % 3 == 0 and uploads:
        shutil.rmtree(uploads[b % len(uploads)])
    else:
        story.repo(a).upload(size_bytes=b * 100, started=story.registry.when)


def collect(story: Story, a: int, b: int, c: int) -> None:
    """Take a blob away with its folder, as garbage collection does; or leave one that nobody needs."""
    folders = sorted(story.v2.glob("blobs/*/*/*/"))
    if b % 2 and folders:
        shutil.rmtree(folders[(a * 10 + c) % len(folders)])
    else:
        story.registry.layer(b"orphan %d %d" % (a, c))


def stray(story: Story, a: int, b: int, c: int) -> None:
    """Leave a file where none belongs: in a digest's folder, beside the tags, anywhere."""
    if folder := _pick(story.folders(), a * 10 + b):
        names = ("data", "link", ".DS_Store", "data.c0ffee.tmp", "startedat", "Übung")
        path = folder / names[c % len(names)]
        if not path.exists():
            story.registry.write(path, b"stray" * c)


def empty_folder(story: Story, a: int, b: int, c: int) -> None:
    """Leave an empty folder where a file, a digest, a tag or a repository may be."""
    if folder := _pick(story.folders(), a * 10 + b):
        (folder / ("data", "link", "current", "ab" * 32, "_layers", "sha256")[c % 6]).mkdir(exist_ok=True)


def damage_link(story: Story, a: int, b: int, c: int) -> None:
    """Do something bad to a file of a repository."""
    damage(_pick(story.files("repositories"), a * 10 + b), c)


def damage_blob(story: Story, a: int, b: int, c: int) -> None:
    """Do something bad to a blob."""
    damage(_pick(story.files("blobs"), a * 10 + b), c)


def damage_folder(story: Story, a: int, b: int, c: int) -> None:
    """Lose a whole folder, or find a file in its place."""
    if folder := _pick(story.folders(), a * 10 + b):
        shutil.rmtree(folder)
        if c % 2:
            story.registry.write(folder, b"file")


def damage(path: Path | None, kind: int) -> None:
    """Delete, empty, truncate or overwrite a file, or put a folder in its place."""
    if path is None:
        return
    content = path.read_bytes()
    path.unlink()
    match kind % 7:
        case 0:
            pass
        case 1:
            path.write_bytes(b"")
        case 2:
            path.write_bytes(content[: len(content) // 2])
        case 3:
            path.write_bytes(OTHER_JSON)
        case 4:
            path.write_bytes(NOISE)
        case 5:
            path.mkdir()
        case _:
            path.mkdir()
            (path / "below").write_bytes(b"below")


HEALTHY: dict[str, Callable[[Story, int, int, int], None]] = {
    "push": push, "push again": push, "index": index, "referrer": referrer, "other kinds": other_kinds,
    "tag over": tag_over, "untag": untag, "delete": delete, "upload": upload,
}  # fmt: skip
ODD: dict[str, Callable[[Story, int, int, int], None]] = {
    "collect": collect, "stray": stray, "empty folder": empty_folder, "damage link": damage_link,
    "damage blob": damage_blob, "damage folder": damage_folder,
}  # fmt: skip
OPERATIONS = HEALTHY | ODD


def operations(names: Collection[str], min_size: int, max_size: int) -> st.SearchStrategy[list[Operation]]:
    """Return stories made of these operations."""
    number = st.integers(0, 9)
    return st.lists(
        st.tuples(st.sampled_from(sorted(names)), number, number, number), min_size=min_size, max_size=max_size
    )


def prune(folder: Path) -> None:
    """Remove all empty folders: a storage without folders has none."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


# --- a second way of counting ---------------------------------------------------------------------------------------


def classes(story: Story) -> dict[str, str]:
    """Return the class of each blob of a healthy story, worked out from its files by a plain walk."""
    documents_by_digest = {path.parent.name: _document(path) for path in story.files("blobs") if path.name == "data"}
    aliases = {
        path.parent.name: path.read_text().partition(":")[2] for path in story.v2.glob("repositories/**/sha512/*/link")
    }

    def reach(roots: set[str]) -> set[str]:
        seen, todo = set[str](), list(roots)
        while todo:
            digest = todo.pop()
            if digest not in seen:
                seen.add(digest)
                todo += [aliases.get(name, name) for name in _named(documents_by_digest.get(digest, {}))]
        return seen

    linked: set[str] = set()
    held: set[str] = set()
    for manifests in story.v2.glob("repositories/**/_manifests"):
        here = {path.parent.name for path in manifests.glob("revisions/*/*/link")}
        tagged = {path.read_text()[-64:] for path in manifests.glob("tags/*/current/link")} & here
        while True:
            subjects = {d for d in here if _hex(documents_by_digest.get(d, {}).get("subject")) in tagged}
            children = {name for d in tagged for name in _children(documents_by_digest.get(d, {}))}
            if (subjects | children) <= tagged:
                break
            tagged |= subjects | children
        linked |= here
        held |= tagged & here
    tagged_blobs, linked_blobs = reach(held), reach(linked)
    return {
        digest: "tagged" if digest in tagged_blobs else "untagged" if digest in linked_blobs else "orphaned"
        for digest in documents_by_digest
    }


def _pick(things: list[Thing], number: int) -> Thing | None:
    return things[number % len(things)] if things else None


def _document(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except ValueError:
        return {}
    return found if isinstance(found, dict) and "schemaVersion" in found else {}


def _hex(descriptor: Any) -> str:
    return str((descriptor or {}).get("digest", "")).partition(":")[2]


def _children(document: dict[str, Any]) -> set[str]:
    return {_hex(child) for child in document.get("manifests") or ()}


def _named(document: dict[str, Any]) -> set[str]:
    layers = {_hex(layer) for layer in document.get("layers") or ()} | {_hex(document.get("config"))}
    return _children(document) | layers | {layer["blobSum"][-64:] for layer in document.get("fsLayers") or ()}
