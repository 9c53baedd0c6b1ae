"""The real registry takes the builder's trees for its own, and leaves the same tree when it does the same things."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from realregistry import HTPASSWD, collect, running_registry, skopeo_copy, umoci_image
from scanning import column, scan_tree
from tonnage.sample import Builder, documents

pytestmark = pytest.mark.integration


def folders_and_links(root: Path) -> dict[str, str | None]:
    """Return every path below the repositories, and what the links among them say. Uploads are left out."""
    repositories = root / "docker/registry/v2/repositories"
    paths = (path for path in repositories.rglob("*") if "_uploads" not in path.parts)
    return {str(path.relative_to(repositories)): path.read_text() if path.is_file() else None for path in paths}


def test_a_built_multi_arch_image_can_be_pulled(registry: Builder) -> None:
    """Index, manifests, attestation and layers come back over HTTP, byte for byte."""
    repo = registry.repository("org/app")
    images = [repo.image([registry.layer(name.encode())], platform=f"linux/{name}") for name in ("amd64", "arm64")]
    index = repo.index([*images, repo.attestation(images[0])], tag="1")
    with running_registry(registry.root) as server:
        answer = server.get_manifest("org/app", "1")
        assert answer.status == 200
        assert answer.headers["Docker-Content-Digest"] == index.digest
        for child in json.loads(answer.body)["manifests"]:
            manifest = server.get_manifest("org/app", child["digest"])
            assert documents.digest_of(manifest.body) == child["digest"]
            for layer in json.loads(manifest.body)["layers"]:
                assert documents.digest_of(server.get(f"/v2/org/app/blobs/{layer['digest']}").body) == layer["digest"]


def test_the_demo_is_served_and_collected_as_expected(demo: Builder) -> None:
    """The catalog has every repository, and garbage collection finds exactly the blobs that the demo orphaned."""
    with running_registry(demo.root, readonly=True) as server:
        assert set(json.loads(server.get("/v2/_catalog?n=100").body)["repositories"]) == set(demo.repositories)
        assert server.get_manifest("shop/checkout", "stable").status == 200
    found = collect(demo.root, dry_run=True)
    assert (found.exit_code, found.error, found.eligible_manifests) == (0, "", frozenset())
    assert found.eligible_blobs == demo.orphans()
    assert found.marked_count == len(demo.blobs) - len(demo.orphans())


def test_builder_and_server_leave_the_same_tree(registry: Builder, tmp_path: Path) -> None:
    """Push, move a tag, push an index, delete by digest: the same calls give the same folders and the same links."""
    with running_registry(tmp_path / "real") as server:
        old = server.push_image("org/app", [b"shared", b"old"], tag="1")
        server.put_manifest("org/app", "latest", server.get_manifest("org/app", "1").body, documents.OCI_MANIFEST)
        new = server.push_image("org/app", [b"shared", b"new"], tag="latest")
        server.push_index("org/app", [new], tag="multi")
        assert server.delete_manifest("org/app", old.digest).status == 202

    repo = registry.repository("org/app")
    shared = registry.layer(b"shared")
    assert repo.image([shared, registry.layer(b"old")], tag="1") == old
    repo.tag("latest", old.digest)
    assert repo.image([shared, registry.layer(b"new")], tag="latest") == new
    repo.index([new], tag="multi")
    repo.delete(old.digest)
    assert folders_and_links(registry.root) == folders_and_links(tmp_path / "real")


def test_builder_and_server_leave_the_same_upload(registry: Builder, tmp_path: Path) -> None:
    """An upload that is begun and left has the same files, of the same sizes."""
    with running_registry(tmp_path / "real") as server:
        started = server.request("POST", "/v2/org/app/blobs/uploads/", b"")
        assert server.request("PATCH", started.headers["Location"], b"x" * 1000).status == 202
    registry.repository("org/app").upload(size_bytes=1000, started=documents.NEW_YEAR)

    def sizes(root: Path) -> dict[str, int]:
        files = (path for path in root.rglob("*") if path.is_file())
        return {re.sub(r"[0-9a-f-]{36}", "<uuid>", str(path.relative_to(root))): path.stat().st_size for path in files}

    assert sizes(registry.root) == sizes(tmp_path / "real")


def test_collect_reports_what_goes(registry: Builder) -> None:
    """Untagged revisions and orphaned blobs are named; a wet run removes them."""
    repo = registry.repository("app")
    unused = registry.layer(b"unused")
    old = repo.image([registry.layer(b"old")], tag="1")
    repo.image([registry.layer(b"new")], tag="1")
    dry = collect(registry.root, delete_untagged=True, dry_run=True)
    assert dry.eligible_manifests == {old.digest}
    assert dry.eligible_blobs == registry.references[old.digest] | {old.digest, unused.digest}
    assert collect(registry.root, delete_untagged=True) == dry
    assert not registry.blob_path(unused.digest).exists()
    assert not repo.revision_link(old.digest).exists()


def test_collect_reports_why_it_failed(registry: Builder) -> None:
    """A manifest that is not JSON ends the run before anything is marked in full."""
    repo = registry.repository("app")
    repo.image([registry.layer(b"bytes")], tag="1")
    repo.manifest(b"not JSON")
    found = collect(registry.root)
    assert (found.exit_code, found.marked_count, found.eligible_blobs) == (1, None, frozenset())
    assert "failed to garbage collect" in found.error


def test_real_clients_push_and_pull(tmp_path: Path) -> None:
    """An image made by umoci goes through skopeo into the registry and back."""
    with running_registry(tmp_path / "real") as server:
        image = umoci_image(tmp_path, [{"a.txt": b"a"}, {"b.txt": b"b"}])
        skopeo_copy(image, f"docker://{server.host}/org/app:1")
        skopeo_copy(f"docker://{server.host}/org/app:1", f"dir:{tmp_path / 'pulled'}")
    assert len(json.loads((tmp_path / "pulled/manifest.json").read_bytes())["layers"]) == 2


def test_the_options_of_the_harness_work(registry: Builder) -> None:
    """Passwords are asked for, read-only refuses pushes, deletion can be off, and other settings come through."""
    image = registry.repository("app").image([registry.layer(b"bytes")], tag="1")
    with running_registry(registry.root, htpasswd=HTPASSWD, delete=False) as server:
        assert server.get("/v2/").status == 200
        assert server.delete_manifest("app", image.digest).status == 405
        shutil.copy(server.log, registry.root / "log")
    with running_registry(registry.root, readonly=True, extra_config={"http": {"prefix": "/below/"}}) as server:
        assert server.get("/below/v2/app/manifests/1").status == 200
        assert server.request("POST", "/below/v2/app/blobs/uploads/", b"").status == 405
    assert "listening on" in (registry.root / "log").read_text()


@pytest.mark.parametrize(
    "content", ["", "nonsense", "sha256:" + 64 * "0", None], ids=["empty", "bad", "another's", "gone"]
)
def test_a_tag_is_broken_where_the_registry_fails(content: str | None, registry: Builder, tmp_path: Path) -> None:
    """One repository for each link of an index that is damaged: what is called broken is what cannot be pulled whole."""
    damaged = ("none", "tag's revision", "revision", "config", "layer")
    wanted: dict[str, list[str]] = {}
    for name in damaged:
        repo = registry.repository(name.replace("'s ", "-"))
        layer, config = (
            registry.layer(name.encode()),
            registry.blob(f'{{"of": "{name}"}}'.encode(), documents.OCI_CONFIG),
        )
        image = repo.image([layer], config=config)
        index = repo.index([image], tag="1")
        wanted[repo.path.name] = [f"manifests/{one}" for one in ("1", image.digest)]
        wanted[repo.path.name] += [f"blobs/{one.digest}" for one in (config, layer)]
        digest = {"tag's revision": index, "revision": image, "config": config, "layer": layer}.get(name)
        if digest:
            folder = "_layers" if name in ("config", "layer") else "_manifests/revisions"
            link = repo.path / folder / digest.digest.replace(":", "/") / "link"
            link.unlink() if content is None else link.write_text(content)
    with running_registry(registry.root) as server:
        answers = {name: [server.get(f"/v2/{name}/{path}").status for path in paths] for name, paths in wanted.items()}
    failing = {name for name, found in answers.items() if set(found) != {200}}
    scan_tree(registry.root, tmp_path / "inventory")
    assert set(column(tmp_path / "inventory", "select repository from broken_tag")) == failing
    assert failing == set(wanted) - {"none"}
