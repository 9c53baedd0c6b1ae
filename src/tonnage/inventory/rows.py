"""The rows that the read half hands over: what each table is filled from.

Digests are text, times are microseconds since 1970 UTC, sizes are bytes. None is "unknown", never 0.
The listing rows come from names and sizes alone; the content rows from manifests and image configurations.
"""

import typing
from typing import Annotated, Any, NamedTuple

SCHEMA_VERSION = 6
"""Version of the tables; an inventory of another version is refused."""


Digest = Annotated[str, "digest"]
"""The text of a digest, or what stands where one belongs. In the tables it is a number: see `Intake`."""

RepositoryName = Annotated[str, "repository"]
"""The name of a repository, which is a number in the tables too."""


class Blob(NamedTuple):
    """One row per `blobs/<alg>/<xx>/<hex>/data`."""

    digest: Digest
    size_bytes: int
    modified_us: int | None


class Access(NamedTuple):
    """One row per blob whose file system notes when it was read: its access time, as it stands there."""

    digest: Digest
    read_us: int


class Revision(NamedTuple):
    """One row per revision link. `content_digest` is None when the link holds no digest."""

    repository: RepositoryName
    path_digest: Digest
    content_digest: Digest | None
    size_bytes: int | None
    modified_us: int | None


class Tag(NamedTuple):
    """One row per `tags/<tag>/current/link`. `digest` is None when the link holds no digest."""

    repository: RepositoryName
    tag: str
    digest: Digest | None
    size_bytes: int | None
    modified_us: int | None


class TagHistory(NamedTuple):
    """One row per `tags/<tag>/index/<alg>/<hex>/link`: each digest the tag ever pointed to."""

    repository: RepositoryName
    tag: str
    digest: Digest
    size_bytes: int
    modified_us: int | None


class LayerLink(NamedTuple):
    """One row per layer link; `content_digest` differs from the path's for the sha512 alias of a sha256 blob."""

    repository: RepositoryName
    path_digest: Digest
    content_digest: Digest | None
    size_bytes: int | None
    modified_us: int | None


class ExtraLink(NamedTuple):
    """One row per link of other registries: schema 1 signatures, referrer indexes of forks.

    `content_digest` is what a signature's link holds, as the collectors read it; None elsewhere, or if it holds none.
    """

    kind: str
    repository: RepositoryName
    digest: Digest
    path: str
    size_bytes: int
    content_digest: Digest | None


class UploadFile(NamedTuple):
    """One row per file of an upload; `started` is the text of its `startedat`."""

    repository: RepositoryName
    upload: str
    part: str
    started: str | None
    size_bytes: int
    modified_us: int | None


class MultipartUpload(NamedTuple):
    """One row per open upload in parts of a bucket: what was sent so far is not an object, and is paid for."""

    path: str
    upload_id: str
    size_bytes: int
    started_us: int | None


class OldVersion(NamedTuple):
    """One row per version of an object in a bucket that was deleted or overwritten, and is kept."""

    path: str
    size_bytes: int
    modified_us: int | None


class Stray(NamedTuple):
    """One row per file that fits no template of the layout. `tag` where it lies below a tag's folder.

    `content_digest` is what it holds where the collectors take it for a link; None elsewhere, or if it holds none.
    """

    path: str
    repository: RepositoryName | None
    tag: str | None
    size_bytes: int
    modified_us: int | None
    content_digest: Digest | None


class EmptyFolder(NamedTuple):
    """One row per folder with nothing in it: what deletions leave behind. `tag` where it is (in) a tag's folder."""

    path: str
    repository: RepositoryName | None
    tag: str | None


class Folder(NamedTuple):
    """One row per repository and kind of folder it has: `_layers`, `_manifests`, `_manifests/tags`, `_uploads`, …"""

    repository: RepositoryName
    folder: str


class LayoutFile(NamedTuple):
    """One row per file of an OCI image layout: blobs, `index.json`, `oci-layout`. `repository` is None in zot's pool.

    `inode` is the same for the names of one file, and None for a file with one name.
    """

    repository: RepositoryName | None
    digest: Digest | None
    path: str
    size_bytes: int
    modified_us: int | None
    inode: int | None


class Problem(NamedTuple):
    """One row per oddity met while reading; `kind` is explained in the table `problem_kind`."""

    kind: str
    path: str
    repository: str | None
    digest: str | None
    detail: str | None


class Manifest(NamedTuple):
    """One row per manifest read; `kind` is `unreadable` where its references are unknown."""

    digest: Digest
    kind: str
    media_type: str | None
    artifact_type: str | None
    config_digest: Digest | None
    config_media_type: str | None
    subject: Digest | None
    unreadable_because: str | None
    refused_by_2: str | None
    """Why the collector of 2.x stops on it, or crashes (`panic…`); None where it does not."""
    refused_by_3: str | None


class ManifestRef(NamedTuple):
    """One row per reference of a manifest, in document order per role. `size_bytes` is the writer's claim."""

    parent: Digest
    role: str
    position: int
    child: Digest
    size_bytes: int | None
    media_type: str | None
    os: str | None
    architecture: str | None
    variant: str | None
    os_version: str | None
    has_urls: bool
    reference_type: str | None


class Annotation(NamedTuple):
    """One row per annotation of a manifest or index."""

    digest: Digest
    name: str
    value: str


class Image(NamedTuple):
    """One row per image configuration read. `created` is the text found there."""

    config_digest: Digest
    os: str | None
    architecture: str | None
    variant: str | None
    os_version: str | None
    created: str | None


class Label(NamedTuple):
    """One row per label of an image configuration."""

    config_digest: Digest
    name: str
    value: str


class History(NamedTuple):
    """One row per build step; `layer_position` ties it to the manifest's layer, None for a step without one."""

    config_digest: Digest
    position: int
    layer_position: int | None
    created: str | None
    created_by: str | None
    comment: str | None


class DiffId(NamedTuple):
    """One row per layer of an image configuration: the digest of its *uncompressed* content."""

    config_digest: Digest
    position: int
    diff_id: Digest


Row = (
    Blob | Access | Revision | Tag | TagHistory | LayerLink | ExtraLink | UploadFile | MultipartUpload | OldVersion | Stray
    | EmptyFolder | Folder | LayoutFile | Problem | Manifest | ManifestRef | Annotation | Image | Label | History | DiffId
)  # fmt: skip

LISTING: tuple[type[Row], ...] = (
    Blob, Access, Revision, Tag, TagHistory, LayerLink, ExtraLink, UploadFile, MultipartUpload, OldVersion, Stray,
    EmptyFolder, Folder, LayoutFile, Problem,
)  # fmt: skip
CONTENT: tuple[type[Row], ...] = (Manifest, ManifestRef, Annotation, Image, Label, History, DiffId)

ALL: dict[str, type[Row]] = {kind.__name__: kind for kind in (*LISTING, *CONTENT)}
"""Row types by name."""


def column_types(kind: type[Row]) -> dict[str, Any]:
    """Return the columns of a row type with `str`, `int`, `bool`, `Digest` or `RepositoryName`; every one may hold None."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return {name: _without_none(hint) for name, hint in hints.items()}


def _without_none(hint: Any) -> Any:
    if hint in (Digest, RepositoryName) or not (choices := typing.get_args(hint)):
        return hint
    return next(choice for choice in choices if choice is not type(None))
