"""What can be pulled completely from a registry's files, by a plain walk that shares nothing with tonnage.

A tag pulls completely if its manifest and all that lies below it is there under its digest and linked in the repository.
So does a referrer of something that a tag leads to. Whatever looks odd does not pull: the walk is for comparing before
and after.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

_MANIFEST_TYPES = {
    None,
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
}
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


def pullable(v2: Path) -> set[tuple[str, str]]:
    """Return `(repository, tag)` of all tags, and `(repository, digest)` of all referrers, that pull completely."""
    return {(r.name, thing) for r in _repositories(v2) for thing in (*r.tags(), *r.referrers())}


def complete(v2: Path) -> set[tuple[str, str]]:
    """Return the same of all tags and all manifests: also of referrers whose subject is gone."""
    return {(r.name, thing) for r in _repositories(v2) for thing in (*r.tags(), *filter(r.is_complete, r.digests()))}


def _repositories(v2: Path) -> list[_Repository]:
    return [_Repository(v2, manifests.parent) for manifests in (v2 / "repositories").rglob("_manifests")]


class _Repository:
    def __init__(self, v2: Path, path: Path) -> None:
        self.v2 = v2
        self.path = path
        self.is_complete = cache(self._is_complete)

    @property
    def name(self) -> str:
        return str(self.path.relative_to(self.v2 / "repositories"))

    def tags(self) -> dict[str, str]:
        """Return the tags that pull completely, and where they lead."""
        links = {link.parts[-3]: _content(link) for link in self.path.glob("_manifests/tags/*/current/link")}
        return {tag: digest for tag, digest in links.items() if digest and self.is_complete(digest)}

    def digests(self) -> list[str]:
        return [f"{p.parts[-3]}:{p.parts[-2]}" for p in self.path.glob("_manifests/revisions/*/*/link")]

    def referrers(self) -> set[str]:
        """Return the referrers that pull completely, of what such a tag leads to, directly or not."""
        held = set[str]().union(*map(self._below, self.tags().values()))
        found = set[str]()
        while True:
            more = {d for d in self.digests() if self._subject(d) in held and self.is_complete(d)} - found
            if not more:
                return found
            found |= more
            held = held.union(*map(self._below, more))

    def roots(self) -> set[str]:
        """Return what tags point to, and what refers to it or to what is below it, as far as it is linked and there."""
        current = (_content(link) for link in self.path.glob("_manifests/tags/*/current/link"))
        linked = set(self.digests())
        found = {digest for digest in current if digest in linked}
        held = set[str]().union(*map(self._below, found))
        while more := {d for d in linked if self._subject(d) in held} - held:
            found |= more
            held = held.union(*map(self._below, more))
        return found

    def parts(self, digest: str, version: int) -> set[str]:
        document = self._document(digest, version)
        if document is None:
            return set()
        listed = document.get("manifests") or ()
        children = [entry["digest"] for entry in listed if entry.get("mediaType") in _MANIFEST_TYPES]
        blobs = [entry["digest"] for entry in listed if entry.get("mediaType") not in _MANIFEST_TYPES]
        blobs += [part["digest"] for part in (document.get("config"), *(document.get("layers") or ())) if part]
        blobs += [layer["blobSum"] for layer in document.get("fsLayers") or ()]
        found = {digest, *filter(self._has_blob, blobs)}
        return found.union(*(self.parts(child, version) for child in children))

    def _below(self, digest: str) -> set[str]:
        document = self._document(digest) or {}
        return {digest}.union(*(self._below(child) for child in _digests(document.get("manifests"))))

    def _subject(self, digest: str) -> str | None:
        subject = (self._document(digest) or {}).get("subject")
        return subject.get("digest") if isinstance(subject, dict) else None

    def _is_complete(self, digest: str) -> bool:
        document = self._document(digest)
        if document is None:
            return False
        try:
            blobs = [*_digests(document.get("layers")), *_digests([document["config"]] if "config" in document else [])]
            blobs += [layer["blobSum"] for layer in document.get("fsLayers") or ()]
            return all(map(self._has_blob, blobs)) and all(
                self.is_complete(child) or self._has_blob(child) for child in _digests(document.get("manifests"))
            )
        except (TypeError, KeyError, AttributeError, ValueError):
            return False

    def _document(self, digest: str, version: int = 3) -> dict[str, Any] | None:
        if not _DIGEST.fullmatch(digest):
            return None
        folders = ("_manifests/revisions", "_layers")[: 2 if version == 2 else 1]
        if all(_content(self.path / folder / digest.replace(":", "/") / "link") != digest for folder in folders):
            return None
        try:
            content = _data(self.v2, digest).read_bytes()
            document = json.loads(content)
        except (OSError, ValueError):
            return None
        if not isinstance(document, dict) or _digest_of(content, digest) != digest:
            return None
        return document

    def _has_blob(self, digest: str) -> bool:
        if not _DIGEST.fullmatch(digest):
            return False
        target = _content(self.path / "_layers" / digest.replace(":", "/") / "link")
        return bool(target) and _data(self.v2, str(target)).is_file()


def _digests(descriptors: Any) -> list[str]:
    return [d["digest"] for d in descriptors or () if not d.get("urls")]


def _digest_of(content: bytes, like: str) -> str:
    algorithm = like.partition(":")[0]
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


def _content(link: Path) -> str | None:
    try:
        text = link.read_text()
    except (OSError, UnicodeDecodeError):
        return None
    return text if _DIGEST.fullmatch(text) else None


def _data(v2: Path, digest: str) -> Path:
    algorithm, _, hexdigits = digest.partition(":")
    return v2 / "blobs" / algorithm / hexdigits[:2] / hexdigits / "data"


def parts(v2: Path, version: int = 2) -> dict[tuple[str, str], set[str]]:
    """Return what can be pulled of each manifest that a tag points to, complete or not, and of their referrers.

    By repository and digest: the digests of the manifests, by whatever index that can be pulled lists them, and of the
    blobs. 2.x serves a manifest by a layer link too.
    """
    return {(r.name, root): r.parts(root, version) for r in _repositories(v2) for root in r.roots()}
