"""Symbolic links that lead out of the storage: reported, not followed, not counted, not quoted; unless that is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from scanning import answer, bytes_below, column, scan_storage, scan_tree
from tonnage.formats.escapes import native, spell
from tonnage.sample import Builder
from tonnage.storage import OPEN_ALL, OPEN_NONE, Entry, Leaves, Type
from tonnage.storage.layouts import find_layouts
from tonnage.storage.local import LocalStorage, open_local

pytestmark = pytest.mark.slow

SECRET = "root:$6$secret-hash:19000:0:99999:7:::"
REVISIONS = "_manifests/revisions"
PLACES = {
    "a repository": "repositories/out",
    "a folder above repositories": "repositories/team/sub",
    "a repository's folder": "repositories/app/_uploads",
    "a tag": "repositories/app/_manifests/tags/out",
    "a tag's current": "repositories/app/_manifests/tags/x/current",
    "a tag's link": "repositories/app/_manifests/tags/x/current/link",
    "a tag's index": "repositories/app/_manifests/tags/x/index",
    "a tag's former links": "repositories/app/_manifests/tags/x/index/sha256",
    "a revision": f"repositories/app/{REVISIONS}/sha256/{'a' * 64}",
    "a revision's link": f"repositories/app/{REVISIONS}/sha256/{'b' * 64}/link",
    "a layer link": f"repositories/app/_layers/sha256/{'c' * 64}/link",
    "a shard": "blobs/sha256/zz",
    "a blob's folder": f"blobs/sha256/dd/{'d' * 64}",
    "a blob's file": f"blobs/sha256/ee/{'e' * 64}/data",
    "an algorithm": "blobs/sha384",
    "beside all": "elsewhere",
}


def to_folder(outside: Path, _: Path) -> str:
    """Return where a link to a folder leads."""
    return str(outside)


def to_file(outside: Path, _: Path) -> str:
    """Return where a link to a file leads."""
    return str(outside / "link")


def to_root(_: Path, __: Path) -> str:
    """Return where a link to everything leads: the storage lies in it, so it is a loop as well."""
    return "/"


def through_another(outside: Path, link: Path) -> str:
    """Return where a link leads by way of another one inside."""
    way = link.with_name("way")
    way.symlink_to(outside)
    return "way"


SHAPES: dict[str, Callable[[Path, Path], str]] = {
    "to a folder": to_folder,
    "to a file": to_file,
    "to the root of the machine": to_root,
    "through another link": through_another,
}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder that is not the registry's: everything in it looks like a link of one, and holds a secret."""
    folder = tmp_path / "outside"
    for below in (
        "",
        "current",
        f"sha256/{'f' * 64}",
        "index/sha256/" + "f" * 64,
        "_manifests/tags/1/current",
        "f" * 64,
    ):
        (folder / below).mkdir(parents=True, exist_ok=True)
        for name in ("link", "data"):
            (folder / below / name).write_text(SECRET)
    return folder


@pytest.fixture
def app(registry: Builder) -> Builder:
    """A registry of one image, with a tag whose folders are there."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    return registry


def put(link: Path, shape: str, outside: Path) -> None:
    """Put a link of a shape in its place."""
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_dir():
        link.rmdir()
    link.symlink_to(SHAPES[shape](outside, link))


def paths_of(storage: LocalStorage, unopened_before_us: int) -> dict[str, Type]:
    """Return every path of the storage, with its type."""
    found: dict[str, Type] = {}
    for part in storage.parts():
        entries = [part] if isinstance(part, Entry) else storage.list(part.prefix, unopened_before_us)
        for entry in entries:
            if isinstance(entry, Leaves):
                found |= {f"{entry.folder}/{name}/{entry.file}": Type.FILE for name in entry.names}
            else:
                found[entry.path] = entry.type
    return found


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("place", PLACES)
def test_nothing_outside_is_listed(app: Builder, outside: Path, place: str, shape: str) -> None:
    """Whatever the link's place and shape, in small registries and in large ones, whose folders are not all opened."""
    put(app.v2 / PLACES[place], shape, outside)
    storage = open_local(str(app.root))
    for unopened_before_us in (OPEN_ALL, OPEN_NONE):
        found = paths_of(storage, unopened_before_us)
        assert found[PLACES[place]] in (Type.OUTSIDE, Type.SYMLINK_LOOP)
        assert not [path for path in found if path.startswith(f"{PLACES[place]}/")]


@pytest.mark.parametrize("place", ["a repository", "a tag's link", "a blob's file", "beside all"])
def test_a_link_out_is_a_problem_and_costs_nothing(app: Builder, outside: Path, tmp_path: Path, place: str) -> None:
    """It is reported with where it leads; what the registry holds is counted to the byte; no secret is quoted."""
    put(app.v2 / PLACES[place], "to a file" if place.endswith(("link", "file")) else "to a folder", outside)
    inventory = tmp_path / "tonnage.duckdb"
    scan_tree(app.root, inventory)
    [(path, detail)] = answer(inventory, "select path, detail from problem where kind = 'symlink_out'")
    assert path == PLACES[place] and detail.startswith(str(outside))
    assert column(inventory, "select sum(size_bytes)::bigint from class_total") == [bytes_below(app.v2)]
    assert SECRET.encode() not in inventory.read_bytes()
    if place != "beside all":
        assert column(
            inventory, "select count(*) from problem where kind like '%missing%' or kind like '%without%'"
        ) == [0]


def test_what_may_be_needed_from_outside_is_never_free(app: Builder, outside: Path, tmp_path: Path) -> None:
    """A repository behind a link that was not followed may need any blob."""
    app.layer(b"orphan")
    inventory = tmp_path / "tonnage.duckdb"
    scan_tree(app.root, inventory)
    pinned = "select count(*) from blob_usage where class = 'orphaned' and not is_pinned"
    assert column(inventory, pinned) == [1]
    put(app.v2 / PLACES["a repository"], "to a folder", outside)
    scan_tree(app.root, inventory)
    assert column(inventory, pinned) == [0]


def test_who_wants_it_follows(app: Builder, outside: Path, tmp_path: Path) -> None:
    """Asked for, the same scan counts it; and the next one without it does not."""
    (app.v2 / "repositories/app").rename(tmp_path / "moved")
    (app.v2 / "repositories/app").symlink_to(tmp_path / "moved")
    inventory = tmp_path / "tonnage.duckdb"
    for follows_out, tags in ((True, ["1"]), (False, []), (True, ["1"])):
        scan_storage(open_local(str(app.root), follow_out=follows_out), inventory)
        assert column(inventory, "select tag from tag") == tags
        assert bool(column(inventory, "select 1 from problem where kind = 'symlink_out'")) is not follows_out


def test_the_root_may_be_a_link(app: Builder, tmp_path: Path) -> None:
    """It is what the user named."""
    (tmp_path / "named").symlink_to(app.root)
    inventory = tmp_path / "tonnage.duckdb"
    assert scan_tree(tmp_path / "named", inventory).problems_count == 0
    assert column(inventory, "select tag from tag") == ["1"]


def test_a_file_that_became_a_link_is_not_read(app: Builder, outside: Path) -> None:
    """Between being listed and being read it may have been exchanged."""
    link = app.v2 / "repositories/app/_manifests/tags/1/current/link"
    link.unlink()
    link.symlink_to(outside / "link")
    with pytest.raises(OSError, match="symbolic links"):
        open_local(str(app.root)).read(str(link.relative_to(app.v2)), 100)
    inside = app.v2 / "repositories/app/copy"
    inside.write_text("inside")
    link.unlink()
    link.symlink_to(inside)
    assert open_local(str(app.root)).read(str(link.relative_to(app.v2)), 100) == b"inside"


def test_layouts_follow_no_link_out(demo_layouts: Path, outside: Path, tmp_path: Path) -> None:
    """Nor is a layout looked for behind one."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/out").symlink_to(demo_layouts)
    assert find_layouts(str(tmp_path / "tree")) is None
    assert find_layouts(str(tmp_path / "tree"), follow_out=True) is not None


# --- names ----------------------------------------------------------------------------------------------------------


def test_a_name_comes_back_as_it_was() -> None:
    """Whatever its bytes; and no two names become one text."""
    rng = Random(0)
    alphabet = [b"\\", b"x", b"5", b"c", b"f", b"8", b"\xff", b"\xc3\xbc", b"\n", b"a"]
    names = {b"".join(rng.choices(alphabet, k=rng.randint(1, 8))) for _ in range(20_000)}
    texts = {spell(os.fsdecode(name)): name for name in names}
    assert len(texts) == len(names)
    assert all(os.fsencode(native(text)) == name for text, name in texts.items())
    assert all(text.encode() for text in texts)


@pytest.mark.parametrize("name", ["lit\\xff", "lit\\x5cxff", "a\\b", "\\\\xff", "\udcff", "\\\udcff"])
def test_a_backslash_in_a_name_is_a_backslash(registry: Builder, tmp_path: Path, name: str) -> None:
    """In names of repositories, uploads, blobs and strays; the root itself may have one."""
    (registry.v2 / "repositories").mkdir(parents=True, exist_ok=True)
    for folder in (
        f"repositories/{name}/_uploads/x",
        f"blobs/sha256/aa/{name}",
        f"repositories/app/_layers/sha256/{name}",
    ):
        (registry.v2 / folder).mkdir(parents=True)
        (registry.v2 / folder / ("link" if "_layers" in folder else "data")).write_bytes(b"x" * 5_000)
    root = tmp_path / f"root{name}"
    registry.root.rename(root)
    inventory = tmp_path / "tonnage.duckdb"
    scan_tree(root, inventory)
    assert column(inventory, "select sum(size_bytes)::bigint from class_total") == [bytes_below(root)]
    assert column(inventory, "select path from problem where kind in ('vanished', 'unreadable')") == []
