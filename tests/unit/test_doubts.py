"""What is not to be believed is said first, everywhere: disks that are not mounted, tags kept elsewhere, caches."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from scanning import answer, column, scan_tree
from tonnage.cli import main
from tonnage.exporter.metrics import builtin_metrics, run_metric
from tonnage.gc.preview import preview
from tonnage.inventory.database import Inventory
from tonnage.inventory.known import Doubt, Doubted, doubts_of
from tonnage.sample import Builder
from tonnage.show.card import card
from tonnage.show.verdict import facts_of
from tonnage.storage.local import open_local

pytestmark = pytest.mark.slow

NAMES = ("app", "team/api", "team/web")
PATH = "i.duckdb"


@pytest.fixture
def images(registry: Builder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Builder:
    """Three repositories of two images each; the program is called where the inventory is."""
    base = registry.layer(b"base")
    for name in NAMES:
        for tag in "12":
            registry.repository(name).image([base, registry.layer(f"{name} {tag}".encode())], tag=tag)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TONNAGE_INVENTORY", PATH)
    monkeypatch.delenv("TONNAGE_TAGS_FROM", raising=False)
    return registry


def doubts(registry: Builder) -> tuple[Doubted, ...]:
    """Scan, and return what is doubtful."""
    scan_tree(registry.root, Path(PATH))
    with Inventory(PATH) as inventory:
        return doubts_of(inventory)


def ends_with(*words: str) -> int:
    """Call the program, and return how it ends."""
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(ended.value.code or 0)


def lose_tags(registry: Builder) -> None:
    """Leave what OpenShift has: revisions, and no folder of tags."""
    for folder in (registry.v2 / "repositories").rglob("_manifests/tags"):
        shutil.rmtree(folder)


def make_cache(registry: Builder) -> None:
    """Make it a pull-through cache, as the file beside `docker/` says."""
    (registry.root / "scheduler-state.json").write_text("{}")


def test_a_sound_registry_is_not_doubted(images: Builder) -> None:
    """Neither at the first scan nor at the second, with an image more or less."""
    assert doubts(images) == ()
    images.repository("app").untag("1")
    assert doubts(images) == ()
    assert ends_with("scan", str(images.root)) == 0


@pytest.mark.parametrize("damage", ["emptied", "gone", "new disk"])
def test_blobs_that_are_not_mounted(images: Builder, damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty folder, none, or a fresh disk to which one image was pushed since: the card says so, all else refuses."""
    scan_tree(images.root, Path(PATH))
    shutil.move(images.v2 / "blobs", images.root / "the-disk")
    if damage != "gone":
        (images.v2 / "blobs").mkdir()
    if damage == "new disk":
        images.blobs.clear()
        images.repository("app").image([images.layer(b"new")], tag="3")
    assert ends_with("scan", str(images.root)) == 18
    assert ends_with() == 18
    assert capsys.readouterr().out.startswith("STOP: 6 of ")
    assert ends_with("plan", "app:1") == 18
    assert ends_with("leftovers", "--script") == 18
    assert ends_with("gc", "--registry", "2", "--fail-on-break") == 15
    assert ends_with("gc", "--registry", "2", "--list", "leftovers") == 0
    assert ends_with("leftovers") == 0
    said = capsys.readouterr().out
    assert "harmless" not in said and "Safe to free" not in said
    shutil.rmtree(images.v2 / "blobs", ignore_errors=True)
    shutil.move(images.root / "the-disk", images.v2 / "blobs")
    assert ends_with("scan", str(images.root)) in (0, 3)


def test_repositories_that_are_not_mounted(images: Builder) -> None:
    """Every blob looks orphaned, and nothing calls it free; also if no scan ever saw better."""
    shutil.rmtree(images.v2 / "repositories")
    (images.v2 / "repositories").mkdir()
    assert [found.doubt for found in doubts(images)] == [Doubt.REPOSITORIES_MISSING]
    with Inventory(PATH) as inventory:
        assert "what a garbage collection would free is unknown" in card(facts_of(inventory, None), 200)
        assert run_metric(inventory, builtin_metrics()["tonnage_collectable_bytes"]).rows == []
    assert ends_with("plan", "--free", "1B") == 18


def test_a_scan_that_finds_far_less(images: Builder) -> None:
    """The folders of two in three repositories are gone: doubted once; whoever scans again says that it is so."""
    assert doubts(images) == ()
    shutil.rmtree(images.v2 / "repositories/team")
    assert doubts(images) == (Doubted(Doubt.REPOSITORIES_VANISHED, "repositories", 1, 3, True),)
    assert ends_with("plan", "app:1") == 18
    assert doubts(images) == ()


@pytest.mark.parametrize("what", ["revisions", "tags"])
def test_fewer_in_the_same_repositories(registry: Builder, tmp_path: Path, what: str) -> None:
    """Most revisions or tags gone at once may be what somebody wanted: it is said, and nothing is refused."""
    repository = registry.repository("app")
    for number in range(10):
        repository.image([registry.layer(str(number).encode())], tag=str(number))
    scan_tree(registry.root, tmp_path / PATH)
    for number in range(6):
        if what == "tags":
            repository.untag(str(number))
        else:
            repository.delete(repository.tag_link(str(number)).read_text())
    scan_tree(registry.root, tmp_path / PATH)
    assert ("shrunk", 4, 10) in answer(tmp_path / PATH, "select doubt, found_count, expected_count from doubt")
    with Inventory(str(tmp_path / PATH)) as inventory:
        assert [found.is_grave for found in doubts_of(inventory)] == [False]
        assert card(facts_of(inventory, None)).startswith("note: 4 ")


@pytest.mark.parametrize("images_count", [1, 12])
def test_tags_kept_elsewhere(
    registry: Builder, tmp_path: Path, images_count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """At any number where no repository has a tag, and wherever tags decide."""
    for number in range(images_count):
        registry.repository(f"project/{number}").image([registry.layer(str(number).encode())])
    lose_tags(registry)
    path = str(tmp_path / PATH)
    scan_tree(registry.root, Path(path))
    said = f"0 tags for {images_count} revisions: this registry keeps its tags elsewhere"
    with Inventory(path) as inventory:
        assert said in card(facts_of(inventory, None), 200)
        assert (("tags_elsewhere",), 1.0, 1.0) in run_metric(inventory, builtin_metrics()["tonnage_doubts"]).rows
        assert [preview(inventory, 3, has_m).is_doubtful for has_m in (False, True)] == [False, True]
    assert ends_with("untagged", "-i", path) == 0 and said in capsys.readouterr().err
    assert ends_with("plan", "project/0", "-i", path) == 12
    for version in "23":
        assert ends_with("gc", "--registry", version, "-m", "-i", path, "--fail-on-break", "--json") == 15
        document = json.loads(capsys.readouterr().out)
        assert set(document["safe"].values()) == {None}
        assert [found["doubt"] for found in document["doubts"]] == ["tags_elsewhere"]
        assert ends_with("gc", "--registry", version, "-i", path, "--fail-on-break") == 0
        assert "Safe to free: 0 B" in capsys.readouterr().out
    assert ends_with("gc", "--registry", "3", "-m", "-i", path, "--list", "leftovers", "--json") == 0
    advice = {found["advice"] for found in json.loads(capsys.readouterr().out)}
    assert advice == {"do not collect with -m: what is tagged elsewhere is among it"}
    ends_with("gc", "--registry", "2", "-m", "-i", path)
    assert "every revision of it goes" in " ".join(capsys.readouterr().out.split())


def test_tags_that_are_given_are_no_tags_of_the_collector(registry: Builder, tmp_path: Path) -> None:
    """It reads the storage: with -m it takes what only the tags given from outside lead to, and that breaks."""
    repository = registry.repository("app")
    digest = repository.image([registry.layer(b"1")]).digest
    (repository.path / "_manifests/tags").mkdir()
    scan_tree(registry.root, tmp_path / PATH)
    with Inventory(str(tmp_path / PATH), tags=[("app", "1", digest)]) as inventory:
        assert doubts_of(inventory) == ()
        found = preview(inventory, 2, delete_untagged=True)
        assert (found.removed.revisions_count, found.broken.images_count) == (1, 1)
        assert preview(inventory, 2).broken.images_count == 0


def test_a_cache_is_recognised(images: Builder, capsys: pytest.CaptureFixture[str]) -> None:
    """What expired or was never fetched is a note; no push, no alarm, no call of the API, no collection."""
    first = images.repository("app").image([images.layer(b"gone"), images.layer(b"kept")], tag="3")
    images.blob_path(sorted(images.references[first.digest])[0]).unlink()
    make_cache(images)
    assert ends_with("scan", str(images.root)) == 0
    assert [found.doubt for found in doubts(images)] == [Doubt.CACHE]
    assert column(Path(PATH), "select distinct severity from problem") == ["note"]
    assert column(Path(PATH), "select tag from broken_tag") == []
    assert column(Path(PATH), "select kind from problem_kind where advice ilike '%push%' and severity <> 'note'") == []
    assert ends_with("plan", "app:1") == 0
    plan = json.loads(Path("plan.json").read_text())
    assert plan["commands"] == [] and "pull-through cache" in " ".join(plan["notes"])
    for version in "23":
        assert ends_with("gc", "--registry", version) == 0
    assert capsys.readouterr().out.count("run no garbage collection") == 2
    assert ends_with("gc", "--registry", "2", "--list", "leftovers", "--json") == 0
    left = json.loads(capsys.readouterr().out)
    assert {found["advice"] for found in left} == {"normal in a pull-through cache; remove nothing"}


@pytest.mark.parametrize("above", ["docker", "docker/registry"])
def test_a_part_of_a_cache_is_recognised(images: Builder, tmp_path: Path, above: str) -> None:
    """Where `registry/v2` or `v2` was mounted or copied alone, what says so may lie beside that."""
    shutil.copytree(images.root / above, tmp_path / "copy")
    assert not open_local(str(tmp_path / "copy")).is_cache()
    (tmp_path / "copy/scheduler-state.json").write_text("{}")
    assert open_local(str(tmp_path / "copy")).is_cache()


def test_damage_in_a_cache_is_damage(images: Builder) -> None:
    """Bytes that are not what they should be are served as they are: an error, with advice that does not say push."""
    image = images.repository("app").image([images.layer(b"x")], tag="3")
    images.blob_path(image.digest).write_bytes(b"{}")
    make_cache(images)
    scan_tree(images.root, Path(PATH))
    found = answer(
        Path(PATH), "select kind, severity, k.advice from problem join problem_kind as k using (kind, severity)"
    )
    assert ("unreadable_manifest", "error") in {row[:2] for row in found}
    assert not any("ush" in advice for _, severity, advice in found if severity != "note")
    assert answer(Path(PATH), "select repository, tag from broken_tag") == [("app", "3")]
