"""Where things are in a registry's storage: a path below `v2/` -> what it is.

    <root>/docker/registry/v2/
    ├── blobs/<alg>/<hex[0:2]>/<hex>/data                                 a layer, a config or a manifest: raw bytes
    └── repositories/<name>/                                              <name> may hold slashes
        ├── _manifests/revisions/<alg>/<hex>/link                         a revision: this repository has this manifest
        │                            └── signatures/<alg>/<hex>/link      schema 1 signatures of registries before 2.5
        ├── _manifests/tags/<tag>/current/link                            the digest the tag points to
        │                   └── index/<alg>/<hex>/link                    each digest it ever pointed to
        ├── _layers/<alg>/<hex>/link                                      this repository may serve this blob
        ├── _referrers/… , _refs/…                                        referrer indexes of forks of the registry
        └── _uploads/<id>/{startedat,data,hashstates/<alg>/<offset>}      an upload, open or abandoned

A name component never begins with `_`, so the first part that does ends the repository's name; tags may be called
`link`, `index` or `current`, so everything after it goes by position. (distribution, registry/storage/paths.go.)
A path that fits no template is a stray: counted, named, never an error.
"""

import re
from enum import StrEnum
from typing import NamedTuple


class Place(StrEnum):
    """What a path is. The values are the words of the inventory."""

    BLOB = "blob"
    REVISION = "revision"
    SIGNATURE = "signature"
    TAG = "tag"
    TAG_HISTORY = "tag history"
    LAYER_LINK = "layer link"
    REFERRER = "referrer"
    UPLOAD = "upload"
    STRAY = "stray"


class Located(NamedTuple):
    """A path, understood. Parts that do not apply are empty."""

    place: Place
    repository: str = ""
    name: str = ""
    """The tag (of a stray below it too), or the upload's id."""
    digest: str = ""
    """The digest the path spells; what a link contains may differ."""
    part: str = ""
    """For an upload: `startedat`, `data` or `hashstates`."""


ANCHORS = ("docker/registry/v2", "registry/v2", "v2", "")
"""Where `blobs/` and `repositories/` may lie below the folder a user names."""


def above_anchors(root: str) -> list[str]:
    """Return the folders in which the registry at `root` may have been made, the likeliest first.

    >>> above_anchors("/srv/docker/registry/v2"), above_anchors("/mnt/v2"), above_anchors("/mnt/disk")
    (['/srv', '/srv/docker', '/srv/docker/registry'], ['/mnt'], [])
    """
    return [root.removesuffix(f"/{anchor}") for anchor in ANCHORS if anchor and root.endswith(f"/{anchor}")]


ALGORITHMS = {"sha256": 64, "sha384": 96, "sha512": 128}
"""Digest algorithms the registry knows, with the number of hex digits of each."""

_HEX = re.compile(r"[0-9a-f]+\Z")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
_STRAY = Located(Place.STRAY)
_READ_FOR_LINKS = ("_manifests/revisions/", "_layers/")
"""The folders of a repository in which the collectors take every file `link` for one."""


def locate(path: str) -> Located:
    """Return what the file at `path`, relative to `v2/`, is; the rule for disks and buckets alike."""
    if path.startswith("repositories/"):
        return _in_repository(path)
    parts = path.split("/")
    if len(parts) == 5 and parts[0] == "blobs" and parts[4] == "data":
        _, algorithm, shard, hexdigits, _ = parts
        if algorithm in ALGORITHMS and hexdigits[:2] == shard and _HEX.match(hexdigits):
            return Located(Place.BLOB, digest=f"{algorithm}:{hexdigits}")
    return _STRAY


def inside_repository(path: str) -> str:
    """Return the part of a path that begins with the repository's own folder, such as `_manifests/…`; "" elsewhere.

    The first name with a `_` before it ends the repository's name, whatever it is: a copy of one kept as
    `_manifests.old` or `_backup` is passed over by the registry, with all that lies in it.
    """
    marker = path.find("/_", 12) if path.startswith("repositories/") else -1
    return "" if marker < 0 else path[marker + 1 :]


def is_read_for_links(path: str) -> bool:
    """Return whether the collectors take the file for a link: every `link` below a repository's revisions and layers."""
    return path.endswith("/link") and inside_repository(path).startswith(_READ_FOR_LINKS)


def _in_repository(path: str) -> Located:
    marker = path.find("/_", 12)
    if marker < 13:
        return _STRAY
    repository = path[13:marker]
    parts = path[marker + 1 :].split("/")
    match parts:
        case ["_layers", algorithm, hexdigits, "link"]:
            return _link(Place.LAYER_LINK, repository, algorithm, hexdigits)
        case ["_manifests", "revisions", algorithm, hexdigits, "link"]:
            return _link(Place.REVISION, repository, algorithm, hexdigits)
        case ["_manifests", "tags", tag, "current", "link"]:
            return Located(Place.TAG, repository, tag)
        case ["_manifests", "tags", tag, "index", algorithm, hexdigits, "link"]:
            return _link(Place.TAG_HISTORY, repository, algorithm, hexdigits, tag)
        case ["_manifests", "revisions", algorithm, hexdigits, "signatures", _, _, "link"]:
            return _link(Place.SIGNATURE, repository, algorithm, hexdigits)
        case ["_uploads", upload, ("startedat" | "data") as part]:
            return Located(Place.UPLOAD, repository, upload, part=part)
        case ["_uploads", upload, "hashstates", _, _]:
            return Located(Place.UPLOAD, repository, upload, part="hashstates")
        case [("_referrers" | "_refs"), *_, algorithm, hexdigits, "link"]:
            return _link(Place.REFERRER, repository, algorithm, hexdigits)
        case ["_manifests", "tags", tag, *_]:
            return Located(Place.STRAY, repository, tag)
        case _:
            return Located(Place.STRAY, repository)


def _link(place: Place, repository: str, algorithm: str, hexdigits: str, name: str = "") -> Located:
    if algorithm not in ALGORITHMS or not _HEX.match(hexdigits):
        return Located(Place.STRAY, repository)
    return Located(place, repository, name, f"{algorithm}:{hexdigits}")


def blob_path(digest: str) -> str:
    """Return where the blob of that digest is stored, relative to `v2/`."""
    algorithm, _, hexdigits = digest.partition(":")
    return f"blobs/{algorithm}/{hexdigits[:2]}/{hexdigits}/data"


def is_full_digest(digest: str) -> bool:
    """Return whether `digest` is one the registry itself would accept: known algorithm, lower case, full length."""
    algorithm, _, hexdigits = digest.partition(":")
    return ALGORITHMS.get(algorithm) == len(hexdigits) and _HEX.match(hexdigits) is not None


def parse_link(content: bytes) -> str | None:
    """Return the digest a link file contains, or None when it holds anything else: a newline is already too much.

    Shorter digests than the algorithm's are kept, as trees made for tests use them.
    """
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        return None
    algorithm, _, hexdigits = text.partition(":")
    return text if algorithm in ALGORITHMS and _HEX.match(hexdigits) else None


def link_size(path_digest: str) -> int:
    """Return the size in bytes of a healthy link at that digest's path. Only a layer link may name another digest."""
    return len(path_digest)


def is_tag_name(name: str) -> bool:
    """Return whether `name` is a legal tag."""
    return _TAG.match(name) is not None
