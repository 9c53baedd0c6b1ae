"""What is damaged is told with its kind and its path, and all the rest is counted: every damage, in every place.

Each damage is scanned once; each victim's problems are then looked at by themselves, and the healthy repositories must
not notice.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from damage import CONTENT, FILES, FOLDERS, ON_FILES, ON_FOLDERS, READING, Paths, build, expected_of
from scanning import Rows, answer, check_sums, column, everything, problems, scan_tree
from seeds import some
from tonnage.sample import documents

pytestmark = pytest.mark.slow


@dataclass
class Damaged:
    """A damaged registry and what a scan said of it."""

    v2: Path
    inventory: Path
    victims: dict[str, Paths]
    told: set[tuple[str, str]]
    """Kind and path of each problem."""


FREEING = ("deletion", "revision_usage", "tag_usage", "untagged")
"""Views that say what a deletion frees."""


def healthy_rows(inventory: Path) -> dict[str, Rows]:
    """Return all that is said of the healthy repositories.

    With whom they share a group of blobs may change, for another may need one no more; how much they need may not.
    """
    found = {
        view: [row for row in rows if any(str(value).startswith("healthy/") for value in row)]
        for view, rows in everything(inventory, without=("group_name",)).items()
    }
    groups = [row for row in found["blob_group"] if row[0].startswith("healthy/")]
    names = sorted({row[0] for row in groups})
    sums = [tuple(sum(row[at] for row in groups if row[0] == name) for at in (1, 2)) for name in names]
    return found | {"blob_group": list(zip(names, sums, strict=True))}


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Callable[[], Path]]:
    """Return new folders that are open to nobody, as pytest's own are not."""
    folders: list[tempfile.TemporaryDirectory[str]] = []

    def make() -> Path:
        folders.append(tempfile.TemporaryDirectory())
        path = Path(folders[-1].name)
        path.chmod(0o777)
        return path

    yield make
    for folder in folders:
        folder.cleanup()


@pytest.fixture(scope="module")
def healthy(open_folder: Callable[[], Path]) -> dict[str, Rows]:
    """What is said of the healthy repositories before anything was damaged."""
    folder = open_folder()
    registry, _ = build(folder / "registry", FILES + FOLDERS)
    scan_tree(registry.root, folder / "inventory")
    assert problems(folder / "inventory") == set()
    return healthy_rows(folder / "inventory")


@pytest.fixture(scope="module")
def damaged(open_folder: Callable[[], Path], healthy: dict[str, Rows]) -> Callable[[str, str], Damaged]:
    """Return the damaged registry of a kind of damage, made when it is first asked for."""
    made: dict[tuple[str, str], Damaged] = {}

    def make(what: str, damage: str) -> Damaged:
        if (what, damage) not in made:
            folder = open_folder()
            places, harms = (FILES, ON_FILES) if what == "file" else (FOLDERS, ON_FOLDERS)
            registry, victims = build(folder / "registry", places)
            with harms[damage]([registry.v2 / victims[place][place] for place in places]):
                scan_tree(registry.root, folder / "inventory")
            made[what, damage] = Damaged(registry.v2, folder / "inventory", victims, problems(folder / "inventory"))
        return made[what, damage]

    return make


# --- tests ----------------------------------------------------------------------------------------------------------


def check_told(found: Damaged, place: str, damage: str) -> None:
    """Check that the victim's problems are those that are expected, at their paths."""
    paths = found.victims[place]
    wanted = {
        (kind, paths[place] + where if where in ("", "/file") else paths[where])
        for kind, where in expected_of(place, damage)
    }
    assert wanted <= found.told
    if not wanted:  # a state that a healthy registry may be in: nothing is made up
        assert not {(kind, path) for kind, path in found.told if path.startswith(f"{paths['repository']}/")}


@pytest.mark.parametrize("place", FILES)
@pytest.mark.parametrize("damage", ON_FILES)
def test_a_damaged_file_is_told(damaged: Callable[[str, str], Damaged], place: str, damage: str) -> None:
    """Each damage to each kind of file is a problem with its kind and its path."""
    check_told(damaged("file", damage), place, damage)


@pytest.mark.parametrize("place", FOLDERS)
@pytest.mark.parametrize("damage", [name for name in ON_FOLDERS if "forbidden" not in name])
def test_a_damaged_folder_is_told(damaged: Callable[[str, str], Damaged], place: str, damage: str) -> None:
    """So is each damage to each kind of folder."""
    check_told(damaged("folder", damage), place, damage)


@pytest.mark.parametrize("place", FOLDERS)
@pytest.mark.parametrize("damage", [name for name in ON_FOLDERS if "forbidden" in name])
def test_a_folder_without_permission_is_told(damaged: Callable[[str, str], Damaged], place: str, damage: str) -> None:
    """It is unreadable itself, or what can be seen in it from outside is."""
    found = damaged("folder", damage)
    path = found.victims[place][place]
    told = {told for kind, told in found.told if kind == "unreadable"}
    assert any(other == path or other.startswith(f"{path}/") for other in told)


@pytest.mark.parametrize(
    ("what", "damage"),
    some([*(("file", damage) for damage in ON_FILES), *(("folder", damage) for damage in ON_FOLDERS)], 2),
)
def test_all_else_is_counted(
    damaged: Callable[[str, str], Damaged], healthy: dict[str, Rows], what: str, damage: str
) -> None:
    """Not a row of the healthy repositories changes, and all bytes on the disk are in a class."""
    found = damaged(what, damage)
    rows, expected = healthy_rows(found.inventory), dict(healthy)
    if damage in READING or "forbidden" in damage:
        for view in FREEING:  # what could not be read may need anything: then nothing is known to be freed
            del rows[view], expected[view]
    assert rows == expected
    assert healthy["repository_usage"] and healthy["upload"] and healthy["holder"]
    if "forbidden" not in damage:
        check_sums(found.v2, found.inventory)


@pytest.mark.parametrize("damage", [*CONTENT, *READING])
def test_a_damaged_revision_link_still_holds(damaged: Callable[[str, str], Damaged], damage: str) -> None:
    """Its path says what it held: the revision is known, tagged, and keeps its blobs."""
    found = damaged("file", damage)
    paths = found.victims["revision link"]
    repository = paths["repository"].removeprefix("repositories/")
    [row] = answer(
        found.inventory,
        "select is_link_valid, state from revision join tag using (repository, digest)"
        " where tag = '1' and repository = $repository",
        {"repository": repository},
    )
    assert row == (False, "tag")
    digest = "sha256:" + paths["layer blob"].split("/")[-2]
    assert column(found.inventory, f"select class from blob where digest = '{digest}'") == ["tagged"]


@pytest.mark.parametrize("damage", [*CONTENT, *READING, "deleted", "folder"])
def test_a_damaged_tag_is_a_tag_without_a_digest(damaged: Callable[[str, str], Damaged], damage: str) -> None:
    """It is still listed, and leads nowhere."""
    found = damaged("file", damage)
    repository = found.victims["tag link"]["repository"].removeprefix("repositories/")
    tags = answer(
        found.inventory, "select tag, digest from tag where repository = $r and digest is null", {"r": repository}
    )
    assert tags == [("1", None)]


@pytest.mark.parametrize("damage", ["emptied", "truncated", "other JSON", "not text", *READING])
def test_a_damaged_manifest_pins_its_layers(damaged: Callable[[str, str], Damaged], damage: str) -> None:
    """What it refers to is unknown, so what its repository links to is never free."""
    found = damaged("file", damage)
    digest = "sha256:" + found.victims["manifest blob"]["layer blob"].split("/")[-2]
    row = answer(found.inventory, f"select class, is_pinned from blob_usage where digest = '{digest}'")
    assert row == [("orphaned", True)]


@pytest.mark.parametrize("place", ["_manifests", "revisions", "repository"])
@pytest.mark.parametrize("damage", ["all forbidden", "listing forbidden"])
def test_a_forbidden_folder_pins_what_it_may_hold(
    damaged: Callable[[str, str], Damaged], place: str, damage: str
) -> None:
    """Nothing is free as long as some manifests could not be listed."""
    found = damaged("folder", damage)
    assert all(column(found.inventory, "select is_pinned from orphaned"))
    digest = "sha256:" + found.victims[place]["layer blob"].split("/")[-2]
    assert column(found.inventory, f"select class from orphaned join blob using (digest) where digest = '{digest}'")


@pytest.mark.usefixtures("healthy")  # all is imported then: nobody cannot read Python's own files everywhere
@pytest.mark.parametrize("folder", ["blobs", "blobs/sha256", "repositories"])
@pytest.mark.parametrize("damage", ["deleted", "file", "broken symlink", "listing forbidden"])
def test_the_great_folders(open_folder: Callable[[], Path], folder: str, damage: str) -> None:
    """Without one of the pillars of the storage a scan still ends, and says why there is so little."""
    root = open_folder()
    registry, _ = build(root / "registry", ())
    with ON_FOLDERS[damage]([registry.v2 / folder]):
        scan_tree(registry.root, root / "inventory")
    told = problems(root / "inventory")
    if damage == "listing forbidden":
        assert ("unreadable", folder) in told
    elif damage == "file":
        assert ("file_as_folder", folder) in told
    elif damage == "broken symlink":
        assert ("broken_symlink", folder) in told
    elif folder == "repositories":
        assert column(root / "inventory", "select distinct class from blob") == ["orphaned"]
    else:
        assert {kind for kind, _ in told} >= {"revision_without_blob", "dead_layer_link"}
        assert column(root / "inventory", "select count(*) from tag") == [4]


def test_everything_at_once(tmp_path: Path) -> None:
    """A registry in which every file is damaged in some way is scanned to its end."""
    registry, _ = build(tmp_path / "registry", FILES)
    harms = [harm for name, harm in ON_FILES.items() if name not in (*READING, "vanished", "deleted")]
    for number, path in enumerate(sorted(path for path in registry.v2.rglob("*") if path.is_file())):
        harms[number % len(harms)]([path])
    scan_tree(registry.root, tmp_path / "inventory")
    check_sums(registry.v2, tmp_path / "inventory")
    assert len(problems(tmp_path / "inventory")) > 100
    assert documents.digest_of(b"base") in column(tmp_path / "inventory", "select digest from layer_link")
