"""Random registries on disk, from a seed: the same seed gives the same tree, to the byte.

    registry = random_registry(Random(7), root)

Everything the registry's own collector looks at occurs: several repositories, one inside another, that share layers and
manifests; tags, their history, revisions without one; indexes, nested, with children of other repositories or of none;
referrers, BuildKit caches, sha512 digests, schema 1; whatever deletions leave; folders that are missing. Nothing of it
is damaged: see randomdamage.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha512
from pathlib import Path
from random import Random

from tonnage.sample import Builder, Descriptor, Repository, documents

NAMES = (
    "app", "app/sub", "app/1st", "app-bar", "app.bar", "lib", "lib/x/y", "zoo", "a", "team/one", "team/two", "Foo/bar",
    "tags", "blobs/sha256", "9", "link", "data/link", "revisions/sha256/index", "a/b/c/d/e/f", "n" * 200,
)  # fmt: skip
TAGS = (
    "v1", "v2", "latest", "Latest", "1.0", "1.0-alpine", "link", "index", "current", "A", "z" * 60, "_x", "0" * 128,
)  # fmt: skip
NOWHERE = Descriptor(documents.OCI_MANIFEST, documents.digest_of(b"nowhere"), 7)
FOREIGN = Descriptor(documents.OCI_FOREIGN_LAYER, documents.digest_of(b"foreign"), 9, urls=("https://example.com/x",))


def random_registry(rng: Random, root: Path) -> Builder:
    """Build a registry of one to six repositories."""
    registry = Builder(root)
    for name in ("blobs", "repositories"):
        (registry.v2 / name).mkdir(parents=True)
    shared = [registry.layer(b"shared layer %d" % number) for number in range(4)]
    manifests: list[Descriptor] = []
    for name in rng.sample(NAMES, rng.randint(1, 6)):
        _fill_repository(rng, registry.repository(name), shared, manifests)
    for number in range(rng.randint(0, 3)):
        registry.blob(b"orphan %d" % number)
    return registry


def _fill_repository(rng: Random, repo: Repository, shared: list[Descriptor], manifests: list[Descriptor]) -> None:
    """Push up to six manifests, and leave what registries leave."""
    for folder in ("_layers", "_manifests/tags", "_uploads"):
        (repo.path / folder).mkdir(parents=True, exist_ok=True)
    own: list[Descriptor] = []
    for _ in range(rng.randint(0, 6)):
        pushed = _push(rng, repo, shared, own, manifests)
        own.append(pushed)
        manifests.append(pushed)
        if rng.random() < 0.55:
            tag = rng.choice(TAGS)
            for former in rng.sample(own, min(len(own), rng.randint(0, 2))):
                repo.link(repo.history_link(tag, former.digest), former.digest)
            repo.tag(tag, pushed.digest)
    for chance, leave in _LEAVINGS:
        if rng.random() < chance:
            leave(rng, repo, shared)


def _push(
    rng: Random, repo: Repository, shared: list[Descriptor], own: list[Descriptor], manifests: list[Descriptor]
) -> Descriptor:
    """Push an image, an index, a cache, a schema 1 manifest, or link what another repository has."""
    draw = rng.random()
    if draw < 0.30 and own:
        children = rng.sample(own, rng.randint(0, min(3, len(own))))
        children += rng.sample(manifests, 1) if rng.random() < 0.3 else []
        children += [NOWHERE] if rng.random() < 0.1 else []
        children += [repo.attestation(children[0])] if children and rng.random() < 0.1 else []
        return _index(rng, repo, children)
    if draw < 0.34:
        return repo.schema1(rng.choices(shared, k=2), tag="")
    if draw < 0.40 and manifests:
        return _link_elsewhere(repo, rng.choice(manifests))
    if draw < 0.44:
        return repo.cache(rng.sample(shared, 2))
    return _image(rng, repo, shared, own)


def _image(rng: Random, repo: Repository, shared: list[Descriptor], own: list[Descriptor]) -> Descriptor:
    seed = f"{repo.name if rng.random() < 0.8 else 'common'} {rng.randint(0, 6)}"
    layers = [repo.registry.layer(f"layer {seed} {number}".encode()) for number in range(rng.randint(0, 3))]
    layers += rng.choices(shared, k=rng.randint(0, 3)) if rng.random() < 0.4 else []
    layers += [FOREIGN] if rng.random() < 0.05 else []
    layers += [repo.registry.layer(b"")] if rng.random() < 0.05 else []
    subject = rng.choice(own) if own and rng.random() < 0.2 else NOWHERE if rng.random() < 0.05 else None
    if rng.random() < 0.2:  # the media type is left out, as some clients do
        config = repo.registry.blob(f"config {seed}".encode(), documents.OCI_CONFIG)
        repo.link_layers([config, *layers])
        document = json.loads(documents.image_manifest(config, layers, subject=subject))
        return repo.manifest(documents.encode({k: v for k, v in document.items() if k != "mediaType"}))
    return repo.image(layers, docker=rng.random() < 0.3, subject=subject, labels={"seed": seed})


def _index(rng: Random, repo: Repository, children: list[Descriptor]) -> Descriptor:
    if rng.random() < 0.25:
        document = json.loads(documents.index_manifest(children))
        return repo.manifest(documents.encode({k: v for k, v in document.items() if k != "mediaType"}))
    return repo.index(children, docker=rng.random() < 0.3)


def _link_elsewhere(repo: Repository, manifest: Descriptor) -> Descriptor:
    """Give the repository another one's manifest, without its layers: a copy by hand, or half a mount."""
    repo.revisions.add(manifest.digest)
    repo.link(repo.revision_link(manifest.digest), manifest.digest)
    return manifest


def leave_alias(rng: Random, repo: Repository, shared: list[Descriptor]) -> None:
    """Link a layer by its sha512 digest, and push an image that names it so."""
    layer = rng.choice(shared)
    alias = Descriptor(layer.media_type, f"sha512:{sha512(layer.digest.encode()).hexdigest()}", layer.size_bytes)
    repo.link(repo.layer_link(alias.digest), layer.digest)
    repo.link(repo.layer_link(layer.digest), layer.digest)
    if rng.random() < 0.5:
        config = repo.registry.blob(b"{}")
        repo.link_layers([config])
        pushed = repo.manifest(documents.image_manifest(config, [alias]))
        repo.tag("alias", pushed.digest)


def _leave_sha512(rng: Random, repo: Repository, shared: list[Descriptor]) -> None:
    """Store a layer, and at times the manifest too, under its sha512 digest, as other writers do."""
    content = b"layer by sha512 %d" % rng.randint(0, 2)
    layer = replace(shared[0], digest=f"sha512:{sha512(content).hexdigest()}")
    repo.registry.write(repo.registry.blob_path(layer.digest), content)
    config = repo.registry.blob(b"{}")
    repo.link_layers([config, layer])
    manifest = documents.image_manifest(config, [layer])
    if rng.random() < 0.5:
        repo.manifest(manifest, tag=rng.choice(("", "by512")))
        return
    digest = f"sha512:{sha512(manifest).hexdigest()}"
    repo.registry.write(repo.registry.blob_path(digest), manifest)
    repo.link(repo.revision_link(digest), digest)
    if rng.random() < 0.5:
        repo.tag("by512", digest)


def _leave_signature(rng: Random, repo: Repository, shared: list[Descriptor]) -> None:
    """Leave a signature as registries before 2.5 kept it, below some revision."""
    if repo.revisions:
        revision = repo.revision_link(rng.choice(sorted(repo.revisions))).parent
        digest = rng.choice([repo.registry.blob(b"signature").digest, *sorted(repo.revisions)])
        repo.link(revision / "signatures" / digest.replace(":", "/") / "link", digest)


def _leave_deletion(rng: Random, repo: Repository, shared: list[Descriptor]) -> None:
    """Delete a revision over HTTP, or a tag alone as 3.x can."""
    present = [digest for digest in sorted(repo.revisions) if repo.revision_link(digest).exists()]
    if present and rng.random() < 0.7:
        repo.delete(rng.choice(present))
    elif tags := sorted(path.name for path in repo.path.glob("_manifests/tags/*")):
        repo.untag(rng.choice(tags))


def _leave_dangling_tag(rng: Random, repo: Repository, shared: list[Descriptor]) -> None:
    """Leave a tag to what the repository does not have: nothing at all, a layer, another repository's manifest."""
    repo.tag("gone", rng.choice([NOWHERE.digest, *sorted(repo.registry.blobs)]))


def _leave_fallback(rng: Random, repo: Repository, shared: list[Descriptor]) -> None:
    """Tag an index of referrers as clients do where the registry has no referrers, or keep a folder of them."""
    if subjects := sorted(repo.revisions):
        subject = rng.choice(subjects)
        referrer = repo.image([shared[0]], subject=replace(NOWHERE, digest=subject), labels={"about": subject})
        if rng.random() < 0.6:
            repo.index([referrer], tag=subject.replace(":", "-"))
        else:
            folder = repo.path / rng.choice(("_referrers", "_refs")) / "subjects" / subject.replace(":", "/")
            repo.link(folder / referrer.digest.replace(":", "/") / "link", referrer.digest)


_LEAVINGS: tuple[tuple[float, Callable[[Random, Repository, list[Descriptor]], object]], ...] = (
    (0.2, lambda rng, repo, shared: repo.link_layers([repo.registry.layer(f"unused {repo.name}".encode())])),
    (0.1, lambda rng, repo, shared: repo.link(repo.layer_link(NOWHERE.digest), NOWHERE.digest)),
    (0.1, lambda rng, repo, shared: repo.upload(size_bytes=rng.randint(0, 99), started=repo.registry.when)),
    (0.1, lambda rng, repo, shared: repo.link(repo.history_link("old", NOWHERE.digest), NOWHERE.digest)),
    (0.1, leave_alias),
    (0.1, _leave_sha512),
    (0.1, _leave_signature),
    (0.1, _leave_fallback),
    (0.1, _leave_dangling_tag),
    (0.25, _leave_deletion),
    (0.1, _leave_deletion),
    (0.1, lambda rng, repo, shared: shutil.rmtree(repo.path / "_manifests/tags")),
    (0.05, lambda rng, repo, shared: shutil.rmtree(repo.path / "_layers")),
    (0.03, lambda rng, repo, shared: shutil.rmtree(repo.path / "_manifests")),
)
"""What a repository may be left with, and how often."""
