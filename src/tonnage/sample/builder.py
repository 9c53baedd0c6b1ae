"""Writes the storage tree of a registry to disk, speaking the specification's language.

    reg = Builder(root)
    repo = reg.repository("org/app")
    base, app = reg.layer(b"base"), reg.layer(size_bytes=3_000_000_000, seed="app")
    repo.image([base, app], tag="1")

What it writes is what registry 2.8.2 has on its disk after the same calls, left-overs included:

    <root>/docker/registry/v2/
      blobs/sha256/<hex[0:2]>/<hex>/data                                    layer, config or manifest
      repositories/<name>/_layers/sha256/<hex>/link                         the digest, 71 bytes, no newline
      repositories/<name>/_manifests/revisions/sha256/<hex>/link
      repositories/<name>/_manifests/tags/<tag>/current/link
      repositories/<name>/_manifests/tags/<tag>/index/sha256/<hex>/link     every digest the tag ever had
      repositories/<name>/_uploads/<uuid>/{startedat,data,hashstates/...}

Large layers are sparse files: true size, no disk. Every file's time is `Builder.when`, which the caller moves as the
story goes on. The same calls give the same tree, to the byte and the second.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from tonnage.sample import documents
from tonnage.sample.documents import NEW_YEAR, Descriptor, Json, digest_of

ANCHOR = "docker/registry/v2"
HASH_STATE = b"sha\x03".ljust(108, b"\0")
"""Stands for Go's marshalled sha256 state: right magic, right length."""


class Builder:
    """A registry's storage in the making. Keeps a ledger of what it wrote, so that tests can ask it what to expect."""

    def __init__(self, root: Path, *, anchor: str = ANCHOR, when: datetime = NEW_YEAR) -> None:
        self.root = root
        self.v2 = root / anchor
        """The folder that has `blobs` and `repositories` in it. Other anchors are for testing how it is found."""
        self.when = when
        """Modification time of the files written from now on, and `created` of the images."""
        self.blobs: dict[str, int] = {}
        """Digest -> stored bytes."""
        self.references: dict[str, set[str]] = {}
        """Manifest digest -> digests it refers to."""
        self.repositories: dict[str, Repository] = {}

    def repository(self, name: str) -> Repository:
        """Return the repository of that name; nothing is on disk until something is pushed to it."""
        return self.repositories.setdefault(name, Repository(self, name))

    def blob(self, content: bytes, media_type: str = "application/octet-stream") -> Descriptor:
        """Store bytes under their digest. A blob that no image is then given is an orphaned blob."""
        return self._store(Descriptor(media_type, digest_of(content), len(content)), content)

    def layer(
        self,
        content: bytes = b"",
        *,
        size_bytes: int | None = None,
        seed: str = "",
        media_type: str = documents.OCI_LAYER,
        annotations: Mapping[str, str] | None = None,
    ) -> Descriptor:
        """Store a layer: these bytes, or, given `size_bytes`, a sparse file under a digest made of seed and size."""
        if size_bytes is None:
            layer = Descriptor(media_type, digest_of(content), len(content), annotations or {})
        else:
            layer = Descriptor(media_type, digest_of(f"{seed} {size_bytes}".encode()), size_bytes, annotations or {})
        return self._store(layer, content)

    def foreign_layer(self, *, size_bytes: int, seed: str, url: str = "https://example.com/layer") -> Descriptor:
        """Return a layer that the registry does not store, as in Windows base images."""
        return Descriptor(documents.OCI_FOREIGN_LAYER, digest_of(seed.encode()), size_bytes, urls=(url,))

    def stray(self, path: str, content: bytes = b"") -> Path:
        """Write a file that the layout does not know, at a path below `v2/`."""
        return self.write(self.v2 / path, content)

    def blob_path(self, digest: str) -> Path:
        """Return where a blob's bytes lie."""
        algorithm, hexadecimal = digest.split(":")
        return self.v2 / "blobs" / algorithm / hexadecimal[:2] / hexadecimal / "data"

    def orphans(self) -> set[str]:
        """Return what `garbage-collect` of 2.8.2 would sweep: blobs that no linked manifest is or names.

        Knows what was built and deleted with this class only, and holds where every repository has had a layer.
        """
        linked = {digest for repo in self.repositories.values() for digest in repo.revisions}
        return set(self.blobs) - linked - {name for digest in linked for name in self.references[digest]}

    def write(self, path: Path, content: bytes, *, size_bytes: int | None = None) -> Path:
        """Write a file, its folders and its time. With a size beyond the content, the rest is a hole."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if size_bytes is not None:
            os.truncate(path, size_bytes)
        os.utime(path, (self.when.timestamp(), self.when.timestamp()))
        return path

    def _store(self, descriptor: Descriptor, content: bytes) -> Descriptor:
        """Write the blob unless it is there: a registry keeps the first copy, and its time."""
        if descriptor.digest not in self.blobs:
            self.blobs[descriptor.digest] = descriptor.size_bytes
            self.write(self.blob_path(descriptor.digest), content, size_bytes=descriptor.size_bytes)
        return descriptor


class Repository:
    """One repository of a `Builder`, with a method for each thing that is pushed, deleted or linked.

    What pushes returns the manifest's descriptor, ready to go into an index.
    """

    def __init__(self, registry: Builder, name: str) -> None:
        self.registry = registry
        self.name = name
        self.path = registry.v2 / "repositories" / name
        self.revisions: set[str] = set()
        """Digests of the manifests that can be pulled from here."""

    def image(
        self,
        layers: Sequence[Descriptor],
        *,
        tag: str = "",
        platform: str = "linux/amd64",
        created: datetime | None = None,
        labels: Mapping[str, str] | None = None,
        history: Sequence[Json] | None = None,
        config: Descriptor | None = None,
        docker: bool = False,
        subject: Descriptor | None = None,
        artifact_type: str = "",
        annotations: Mapping[str, str] | None = None,
    ) -> Descriptor:
        """Push an image: config, links to its layers, manifest. With a `config` of your own it has no platform."""
        if docker:
            layers = [_as_docker(layer) for layer in layers]
        if config is None:
            content = documents.image_config(
                layers, platform=platform, created=created or self.registry.when, labels=labels, history=history
            )
            config = self.registry.blob(content, documents.DOCKER_CONFIG if docker else documents.OCI_CONFIG)
        else:
            platform = ""
        self.link_layers([config, *layers])
        content = documents.image_manifest(
            config, layers, docker=docker, subject=subject, artifact_type=artifact_type, annotations=annotations
        )
        pushed = self.manifest(content, documents.DOCKER_MANIFEST if docker else documents.OCI_MANIFEST, tag=tag)
        return replace(pushed, platform=platform, artifact_type=artifact_type)

    def index(
        self,
        children: Sequence[Descriptor],
        *,
        tag: str = "",
        docker: bool = False,
        annotations: Mapping[str, str] | None = None,
    ) -> Descriptor:
        """Push an index of manifests pushed before; of other indexes too."""
        content = documents.index_manifest(children, docker=docker, annotations=annotations)
        return self.manifest(content, documents.DOCKER_LIST if docker else documents.OCI_INDEX, tag=tag)

    def attestation(self, image: Descriptor) -> Descriptor:
        """Push buildx's provenance of an image: an image of in-toto statements, to stand beside it in its index."""
        statement = documents.encode({"_type": "https://in-toto.io/Statement/v0.1", "subject": [image.json()]})
        predicate = {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"}
        layer = self.registry.layer(statement, media_type=documents.IN_TOTO, annotations=predicate)
        marks = {"vnd.docker.reference.digest": image.digest, "vnd.docker.reference.type": "attestation-manifest"}
        return replace(self.image([layer], platform="unknown/unknown", history=[]), annotations=marks)

    def cache(self, layers: Sequence[Descriptor], *, tag: str = "") -> Descriptor:
        """Push a BuildKit cache of the old form: an index whose children are layers and one cache config."""
        records = [{"blob": layer.digest, "parent": number - 1} for number, layer in enumerate(layers)]
        config = self.registry.blob(documents.encode({"layers": records, "records": []}), documents.CACHE_CONFIG)
        self.link_layers([*layers, config])
        return self.index([*layers, config], tag=tag)

    def schema1(self, layers: Sequence[Descriptor], *, tag: str) -> Descriptor:
        """Push a Docker schema 1 image, which registries before 3.0 still hold."""
        self.link_layers(layers)
        return self.manifest(documents.schema1_manifest(self.name, tag, layers), documents.DOCKER_SCHEMA1, tag=tag)

    def manifest(self, content: bytes, media_type: str = documents.OCI_MANIFEST, *, tag: str = "") -> Descriptor:
        """Push a manifest of any bytes, without looking at them; the media type goes only into the descriptor."""
        descriptor = self.registry.blob(content, media_type)
        self.registry.references[descriptor.digest] = documents.references(content)
        self.revisions.add(descriptor.digest)
        self.link(self.revision_link(descriptor.digest), descriptor.digest)
        if tag:
            self.tag(tag, descriptor.digest)
        return descriptor

    def tag(self, tag: str, digest: str) -> None:
        """Point a tag at a revision. Its history keeps the former ones, and is written first, as the server does."""
        self.link(self.history_link(tag, digest), digest)
        self.link(self.tag_link(tag), digest)

    def untag(self, tag: str) -> None:
        """Remove a tag and its history but not its revision: DELETE by tag of registry 3, or a removal by hand."""
        shutil.rmtree(self.tag_link(tag).parent.parent)

    def delete(self, digest: str) -> None:
        """Do what DELETE by digest of 2.8.2 does: its tags go with it; blobs, layer links and empty folders stay."""
        self.revisions.discard(digest)
        self.revision_link(digest).unlink()
        self.layer_link(digest).unlink(missing_ok=True)
        for current in self.path.glob("_manifests/tags/*/current/link"):
            if current.read_text() == digest:
                shutil.rmtree(current.parent.parent)

    def pull_all(self, when: datetime) -> None:
        """Leave what a pull of all tags leaves: the file system's note of when it read their files."""
        todo = [link.read_text() for link in self.path.glob("_manifests/tags/*/current/link")]
        while todo:
            digest = todo.pop()
            path = self.registry.blob_path(digest)
            todo += self.registry.references.get(digest, ())
            if path.exists():
                os.utime(path, (when.timestamp(), path.stat().st_mtime))

    def upload(self, *, size_bytes: int, started: datetime) -> Path:
        """Leave an upload unfinished; return its folder. The bytes are a hole."""
        seed = f"{self.name} {started} {size_bytes}".encode()
        folder = self.path / "_uploads" / str(uuid.UUID(bytes=hashlib.sha256(seed).digest()[:16], version=4))
        self.registry.write(folder / "startedat", documents.timestamp(started).encode())
        self.registry.write(folder / "data", b"", size_bytes=size_bytes)
        for offset in {0, size_bytes}:
            self.registry.write(folder / "hashstates/sha256" / str(offset), HASH_STATE)
        return folder

    def link_layers(self, layers: Sequence[Descriptor]) -> None:
        """Make blobs pullable from here, as their upload or mount does. Foreign layers have nothing to link."""
        (self.path / "_uploads").mkdir(parents=True, exist_ok=True)
        for layer in layers:
            if not layer.urls and not self.layer_link(layer.digest).exists():
                self.link(self.layer_link(layer.digest), layer.digest)

    def link(self, path: Path, digest: str) -> None:
        """Write a link file; its content need not agree with its path."""
        self.registry.write(path, digest.encode())

    def revision_link(self, digest: str) -> Path:
        """Return the path of the link that makes a manifest pullable by digest."""
        return self.path / "_manifests/revisions" / digest.replace(":", "/") / "link"

    def tag_link(self, tag: str) -> Path:
        """Return the path of the link that says where a tag points now."""
        return self.path / "_manifests/tags" / tag / "current/link"

    def history_link(self, tag: str, digest: str) -> Path:
        """Return the path of the link that says a tag has pointed to this digest."""
        return self.path / "_manifests/tags" / tag / "index" / digest.replace(":", "/") / "link"

    def layer_link(self, digest: str) -> Path:
        """Return the path of the link that makes a blob pullable from this repository."""
        return self.path / "_layers" / digest.replace(":", "/") / "link"


def _as_docker(layer: Descriptor) -> Descriptor:
    """Return the layer as Docker's own manifests name it; special layers keep their media type."""
    return replace(layer, media_type=documents.DOCKER_LAYER) if layer.media_type == documents.OCI_LAYER else layer
