"""Trees that other projects keep for their tests, and one made of real data: what is found is what is known of them.

They lie beside the repository; where they are missing, these tests are skipped.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from imagelayouts import bytes_on_disk
from scanning import answer, check_sums, column, problems, scan_storage, scan_tree
from tonnage.exporter.expose import expose
from tonnage.exporter.messages import Job
from tonnage.inventory.database import Inventory
from tonnage.storage.opening import open_storage

pytestmark = pytest.mark.slow

CORPORA = Path(__file__).parents[3] / "shared" / "corpora"
EXPECTED = sorted(CORPORA.glob("gitlab/expected/*.json"))
OPTIONS = "--since 2026-08-18 --hub-style --attestations --flavour oci --delete 0.4 --uploads 3"
GITLAB = [path.stem for path in EXPECTED] or ["missing"]

needs_corpora = pytest.mark.skipif(not CORPORA.is_dir(), reason="the corpora are not beside the repository")


def revision_path(repository: str, digest: str) -> str:
    """Return the path of a revision's link."""
    return f"repositories/{repository}/_manifests/revisions/{digest.replace(':', '/')}/link"


def blob_path(digest: str) -> str:
    """Return the path of a blob."""
    algorithm, _, hexdigits = digest.partition(":")
    return f"blobs/{algorithm}/{hexdigits[:2]}/{hexdigits}/data"


# --- image layouts --------------------------------------------------------------------------------------------------


@needs_corpora
@pytest.mark.parametrize(
    ("folder", "repositories", "tags_count"),
    [
        ("regclient/testdata", {"external", "testrepo"}, 27),
        ("oras-zot", {"command/artifacts", "command/blobs", "command/images"}, 14),
    ],
)
def test_image_layouts(folder: str, repositories: set[str], tags_count: int, tmp_path: Path) -> None:
    """Referrers, fallback tags and odd media types of other projects: all counted, every tag found."""
    root = CORPORA / "layouts" / folder
    scan_storage(open_storage(str(root)), tmp_path / "i")
    assert set(column(tmp_path / "i", "select repository from repository")) == repositories
    assert column(tmp_path / "i", "select count(*) from tag") == [tags_count]
    assert column(tmp_path / "i", "select cast(sum(size_bytes) as bigint) from class_total") == [bytes_on_disk(root)]
    assert {kind for kind, _ in problems(tmp_path / "i")} == {"stray"}
    listed = {
        (str(path.parent.relative_to(root)), entry["digest"])
        for path in root.rglob("index.json")
        for entry in json.loads(path.read_text())["manifests"] or ()
    }
    assert listed <= set(answer(tmp_path / "i", "select repository, digest from revision"))


# --- the GitLab registry's importer fixtures ------------------------------------------------------------------------


class Tree:
    """One of the trees, scanned, and the facts that are known of it."""

    def __init__(self, name: str, folder: Path) -> None:
        self.root = CORPORA / "gitlab/trees" / name
        self.facts: dict[str, Any] = json.loads((CORPORA / f"gitlab/expected/{name}.json").read_text())["tree_facts"]
        self.repositories: dict[str, Any] = self.facts["repositories"]
        self.inventory = folder / name
        scan_tree(self.root, self.inventory)

    def pairs(self, sql: str) -> dict[str, list[Any]]:
        """Return the second column of a query, sorted, by the first."""
        found: dict[str, list[Any]] = {name: [] for name in self.repositories}
        for repository, value in sorted(answer(self.inventory, sql)):
            found[repository].append(value)
        return found

    def facts_of(self, name: str) -> dict[str, Any]:
        """Return one fact of each repository."""
        return {repository: facts[name] for repository, facts in self.repositories.items()}


@pytest.fixture(scope="module", params=GITLAB)
def tree(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """Each of the trees."""
    if not CORPORA.is_dir():
        pytest.skip("the corpora are not beside the repository")
    return Tree(request.param, tmp_path_factory.mktemp("corpora"))


def test_blobs_have_their_stored_sizes(tree: Tree) -> None:
    """Every blob, with the size of its file; declared sizes are kept beside them."""
    facts = tree.facts["blobs"]
    found = dict(answer(tree.inventory, "select digest, size_bytes from blob"))
    assert found == {digest: sizes["file_size"] for digest, sizes in facts.items()}
    declared = dict(answer(tree.inventory, "select child, max(size_bytes) from manifest_ref group by child"))
    known = {digest: sizes["declared_size"] for digest, sizes in facts.items() if sizes["declared_size"] is not None}
    assert {digest: size for digest, size in declared.items() if size is not None and digest in facts} == known


def test_the_sums_add_up(tree: Tree) -> None:
    """All files of the tree are in a class."""
    check_sums(tree.root / "docker/registry/v2", tree.inventory)


def test_repositories(tree: Tree) -> None:
    """Those and no others, with their uploads."""
    assert sorted(column(tree.inventory, "select repository from repository")) == sorted(tree.repositories)
    uploads = tree.pairs("select repository, upload from upload")
    assert {name: len(found) for name, found in uploads.items()} == tree.facts_of("uploads")


def test_tags_and_their_history(tree: Tree) -> None:
    """Each tag with its digest, unless its link is bad; each digest of its history."""
    found: dict[str, dict[str, str]] = {name: {} for name in tree.repositories}
    for repository, tag, digest in answer(
        tree.inventory, "select repository, tag, digest from tag where digest is not null"
    ):
        found[repository][tag] = digest
    assert found == tree.facts_of("tags")
    history: dict[str, dict[str, list[str]]] = {name: {} for name in tree.repositories}
    for repository, tag, digest in sorted(answer(tree.inventory, "select repository, tag, digest from tag_history")):
        history[repository].setdefault(tag, []).append(digest)
    known = {
        name: {tag: sorted(digests) for tag, digests in tags.items()}
        for name, tags in tree.facts_of("tag_index").items()
    }
    assert history == known


def test_revisions_and_layer_links(tree: Tree) -> None:
    """Each link of each repository."""
    revisions = tree.pairs("select repository, digest from revision")
    assert revisions == {name: sorted(digests) for name, digests in tree.facts_of("revisions").items()}
    links = tree.pairs("select repository, digest from layer_link")
    assert links == {name: sorted(digests) for name, digests in tree.facts_of("layer_links").items()}


def test_manifests(tree: Tree) -> None:
    """Media types, config and layers with their declared sizes, in order; the children of an index."""
    rows = answer(
        tree.inventory, "select digest, media_type, config_digest, config_media_type, size_bytes from manifest"
    )
    found = {row[0]: row[1:] for row in rows}
    layers = "select child, size_bytes from manifest_ref where role = 'layer' and parent = $digest order by position"
    children = (
        "select child, size_bytes from manifest_ref where role = 'manifest' and parent = $digest order by position"
    )
    for repository in tree.repositories.values():
        for digest, facts in repository["manifests"].items():
            known = [facts[name] for name in ("media_type", "config_digest", "config_media_type", "payload_size")]
            assert list(found[digest]) == known
            listed = answer(tree.inventory, layers, {"digest": digest})
            if facts["schema_version"] == 2:
                assert listed == [(layer["digest"], layer["size"]) for layer in facts["layers"]]
            else:
                assert [layer for layer, _ in listed] == [layer["digest"] for layer in facts["layers"]]
            listed = answer(tree.inventory, children, {"digest": digest})
            assert listed == [(child["digest"], child["size"]) for child in facts["references"]]


def test_untagged_revisions(tree: Tree) -> None:
    """Those that no tag leads to."""
    found = tree.pairs("select repository, digest from untagged")
    assert found == {name: sorted(digests) for name, digests in tree.facts_of("untagged_manifests").items()}


def test_orphaned_blobs(tree: Tree) -> None:
    """What no linked manifest is or refers to. A manifest that only a tag names is not linked, and protects nothing."""
    held: set[str] = set()
    for repository in tree.repositories.values():
        for digest in set(repository["revisions"]) & repository["manifests"].keys():
            facts = repository["manifests"][digest]
            held |= {digest, facts["config_digest"], *(x["digest"] for x in facts["layers"] + facts["references"])}
    orphans = set(column(tree.inventory, "select digest from orphaned"))
    assert orphans == tree.facts["blobs"].keys() - held
    assert orphans >= set(tree.facts["blobs_no_linked_manifest_refers_to"])
    if not any(anomaly["kind"] == "tag-without-revision" for anomaly in tree.facts["anomalies"]):
        assert orphans == set(tree.facts["blobs_no_linked_manifest_refers_to"])


def test_anomalies(tree: Tree) -> None:
    """Each is a problem with its kind and its path."""
    found = problems(tree.inventory)
    known = {
        (kind, path.removeprefix("docker/registry/v2/")) for kind, path in map(problem_of, tree.facts["anomalies"])
    }
    assert known <= found
    notes = set(column(tree.inventory, "select kind from problem_kind where severity = 'note'"))
    truncated = {"size_mismatch", "unreadable_config", "digest_mismatch", "unpurgeable_upload", "schema1", "stray"}
    follow = {"bad-blob-path": {"dead_layer_link"}, "no-revisions-dir": set()}
    allowed = notes | truncated | {kind for kind, _ in known}.union(*follow.values())
    assert {kind for kind, _ in found} <= allowed


def problem_of(anomaly: dict[str, str]) -> tuple[str, str]:
    """Return our kind and path of a known anomaly."""
    repository, digest = anomaly.get("repo", ""), anomaly.get("digest", "")
    match anomaly["kind"]:
        case "manifest-content-not-its-digest":
            return "digest_mismatch", blob_path(digest)
        case "bad-blob-path":
            return "stray_blob_path", anomaly["path"]
        case "revision-without-blob":
            return "revision_without_blob", revision_path(repository, digest)
        case "no-revisions-dir":  # told by the tag that has none
            return "tag_without_revision", f"repositories/{repository}/_manifests/tags/latest/current/link"
        case "tag-without-revision":
            return "tag_without_revision", f"repositories/{repository}/_manifests/tags/latest/current/link"
        case "no-tags-dir":
            return "no_tags_folder", f"repositories/{repository}"
        case "bad-link":
            return "bad_tag_link", anomaly["path"]
        case "manifest-refers-to-unlinked-layer":
            return "unlinked_blob", revision_path(repository, anomaly["manifest"])
        case kind:
            raise AssertionError(f"an anomaly nobody knows: {kind}")


# --- the test tree of sky-uk's exporter -----------------------------------------------------------------------------


@needs_corpora
def test_digests_of_seven_digits(tmp_path: Path) -> None:
    """The exporter's own test tree has short digests and no layers: its metrics come out all the same."""
    inventory = tmp_path / "inventory"
    scan_tree(CORPORA / "sky-uk/integrated-test", inventory)
    repositories = "select repository, tags_count, revisions_count from repository_usage order by repository"
    assert answer(inventory, repositories) == [("test/repository", 3, 2), ("test/repository/nested", 1, 1)]
    tags = """
        select t.repository, t.tag, count(*), cast(sum(f.size_bytes) as bigint)
        from tag as t join manifest_ref as f on f.parent = t.digest and f.role = 'layer' group by all order by all
    """
    assert answer(inventory, tags) == [
        ("test/repository", "latest", 4, 137451),
        ("test/repository", "v1.0.0", 3, 122487),
        ("test/repository", "v1.1.0", 4, 137451),
        ("test/repository/nested", "latest", 4, 137451),
    ]
    kinds = {kind for kind, _ in problems(inventory)}
    assert "short_digest" in kinds
    assert not kinds & {
        "bad_tag_link",
        "bad_revision_link",
        "digest_mismatch",
        "unreadable_manifest",
        "stray_blob_path",
    }


OLD_LINES = """
repository_tags_total{repository="test/repository"} 3.0
repository_tags_total{repository="test/repository/nested"} 1.0
repository_revisions_total{repository="test/repository"} 2.0
repository_revisions_total{repository="test/repository/nested"} 1.0
repository_tag_layers_total{repository="test/repository",tag="latest"} 4.0
repository_tag_layers_total{repository="test/repository",tag="v1.0.0"} 3.0
repository_tag_layers_total{repository="test/repository",tag="v1.1.0"} 4.0
repository_tag_layers_total{repository="test/repository/nested",tag="latest"} 4.0
repository_tag_size_bytes{repository="test/repository",tag="latest"} 137451.0
repository_tag_size_bytes{repository="test/repository",tag="v1.0.0"} 122487.0
repository_tag_size_bytes{repository="test/repository",tag="v1.1.0"} 137451.0
repository_tag_size_bytes{repository="test/repository/nested",tag="latest"} 137451.0
"""
"""What that exporter's own tests want its answer to contain, character by character."""


@needs_corpora
def test_the_old_exporters_lines(tmp_path: Path) -> None:
    """They come out as it wrote them, and no others of these names."""
    scan_tree(CORPORA / "sky-uk/integrated-test", tmp_path / "inventory")
    with Inventory(str(tmp_path / "inventory")) as inventory:
        text = expose(inventory, Job("", "")).text.plain.decode()
    assert {line for line in text.splitlines() if line.startswith("repository_")} == set(OLD_LINES.split("\n")) - {""}


# --- a tree of real data --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A tree of .NET's images of some days, and its inventory. It takes some seconds."""
    if not CORPORA.is_dir():
        pytest.skip("the corpora are not beside the repository")
    folder = tmp_path_factory.mktemp("real")
    command = [sys.executable, str(CORPORA / "build_tree.py"), str(folder / "tree"), *OPTIONS.split()]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    scan_tree(folder / "tree", folder / "inventory")
    return folder / "tree/truth", folder / "inventory"


def lines(path: Path) -> set[str]:
    """Return the lines of a truth file."""
    return set(path.read_text().split())


def table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a truth file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_real_blobs(real: tuple[Path, Path]) -> None:
    """Every blob, and to the digest those that are orphaned, or would be if untagged revisions went."""
    truth, inventory = real
    assert dict(answer(inventory, "select digest, size_bytes from blob")) == {
        row["digest"]: int(row["size"]) for row in table(truth / "blobs.csv")
    }
    classes = {name: set[str]() for name in ("tagged", "untagged", "orphaned")}
    for digest, class_ in answer(inventory, "select digest, class from blob"):
        classes[class_].add(digest)
    assert classes["orphaned"] == lines(truth / "orphan_blobs.txt")
    assert classes["orphaned"] | classes["untagged"] == lines(truth / "half_orphans_gone_blobs.txt")
    assert all(classes.values())


@pytest.mark.slow
def test_real_revisions(real: tuple[Path, Path]) -> None:
    """Every revision whose link is there, and to the digest those that are untagged."""
    truth, inventory = real
    rows = [row for row in table(truth / "revisions.csv") if row["revision_link_removed"] == "0"]
    linked = {(row["repository"], row["digest"]) for row in rows}
    untagged = {(row["repository"], row["digest"]) for row in rows if row["tagged_or_child_of_tagged"] == "0"}
    assert set(answer(inventory, "select repository, digest from revision")) == linked
    assert set(answer(inventory, "select repository, digest from untagged")) == untagged
    tagged = {(row["repository"], row["digest"]) for row in rows if row["tagged"] == "1"}
    assert set(answer(inventory, "select repository, digest from revision where state = 'tag'")) == tagged


@pytest.mark.slow
def test_real_tags(real: tuple[Path, Path]) -> None:
    """Every tag with the digest it points to."""
    truth, inventory = real
    known = {(row["repository"], row["tag"], row["digest"]) for row in table(truth / "tags.csv")}
    assert set(answer(inventory, "select repository, tag, digest from tag")) == known


@pytest.mark.slow
def test_real_references(real: tuple[Path, Path]) -> None:
    """Every reference of every manifest, with its declared size."""
    truth, inventory = real
    known = {(row["manifest"], row["digest"], int(row["size"])) for row in table(truth / "references.csv")}
    found = set(answer(inventory, "select parent, child, size_bytes from manifest_ref"))
    unread = known - found  # those of manifests that nothing names any more
    assert found <= known
    assert not {parent for parent, _, _ in unread} & set(column(inventory, "select digest from manifest"))


@pytest.mark.slow
def test_real_sums(real: tuple[Path, Path]) -> None:
    """All bytes are in a class, and the totals are those of the truth."""
    truth, inventory = real
    check_sums(truth.parent / "docker/registry/v2", inventory)
    summary = json.loads((truth / "summary.json").read_text())
    bytes_ = dict(answer(inventory, "select class, size_bytes from class_total"))
    assert bytes_["orphaned"] == summary["orphan_bytes"]
    assert bytes_["orphaned"] + bytes_["untagged"] == summary["freed_if_half_orphans_go_bytes"]
    assert sum(bytes_[name] for name in ("tagged", "untagged", "orphaned")) == summary["blob_bytes"]
    assert column(inventory, "select count(*) from upload") == [3]
