"""An image by its name: layers in order, who else holds them, its platforms, and what deleting it alone frees."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from tonnage.errors import UsageError
from tonnage.formats.targets import parse_target
from tonnage.inventory.database import Inventory, Table
from tonnage.inventory.reports import find_digest
from tonnage.inventory.statements import statements
from tonnage.planning.deletions import Deletions, Totals


class Layer(NamedTuple):
    """A layer of an image, or a blob of an artifact."""

    position: int
    digest: str
    size_bytes: int | None
    created_by: str | None
    tags_count: int
    repositories_count: int
    is_freed: bool
    """It goes when the image alone is deleted."""
    is_stored: bool


class Holder(NamedTuple):
    """A repository that holds some of the layers, and goes on to hold them."""

    repository: str
    size_bytes: int
    positions: list[int]
    tags_count: int


class Platform(NamedTuple):
    """What an index lists."""

    digest: str
    platform: str | None
    is_attestation: bool
    kind: str
    size_bytes: int
    digest_id: int


class Referrer(NamedTuple):
    """A signature, an SBOM, or the like."""

    digest: str
    type: str
    size_bytes: int


class Found(NamedTuple):
    """The revision a name leads to."""

    repository_id: int
    digest_id: int
    digest: str
    kind: str
    artifact_type: str | None
    state: str
    pushed_at: datetime | None
    tags: list[str]
    platform: str | None


@dataclass(frozen=True)
class Image:
    """An image and all that is shown of it."""

    repository: str
    found: Found
    totals: Totals
    """Of deleting it alone."""
    tags_gone: Sequence[tuple[str, str]]
    platforms: Sequence[Platform]
    shown: Platform | None
    """The platform whose layers these are; None for what is not an index."""
    layers: Sequence[Layer]
    holders: Sequence[Holder]
    referrers: Sequence[Referrer]

    @property
    def layer_bytes(self) -> int:
        """Bytes of the layers, each as often as it is listed."""
        return sum(layer.size_bytes or 0 for layer in self.layers)


def find(inventory: Inventory, name: str, platform: str = "") -> Image:
    """Return the image of a name as people write it; the platform as they name it. Raises UsageError."""
    target = parse_target(name)
    if not target.tag and not target.digest:
        raise UsageError(f"`{name}` names no image", "write REPOSITORY:TAG or REPOSITORY@DIGEST")
    digest = find_digest(inventory, target.digest) if target.digest else ""
    image = look_at(inventory, target.repository, target.tag or "", digest)
    if image is None:
        raise UsageError(f"nothing in the inventory is `{name}`", f"tonnage tags --repository {target.repository}")
    if not platform:
        return image
    named = [each for each in image.platforms if platform in (each.platform, each.digest)]
    if not named:
        known = ", ".join(each.platform or each.digest for each in image.platforms) or "none: it is not an index"
        raise UsageError(f"`{name}` has no platform `{platform}`", f"its platforms: {known}")
    return look_at(inventory, target.repository, target.tag or "", digest, named[0].digest) or image


def look_at(inventory: Inventory, repository: str, tag: str, digest: str, platform: str = "") -> Image | None:
    """Return an image by its tag or digest; None if there is none. `platform` is a digest that its index lists."""
    rows = _run(inventory, "image_target", repository=repository, tag=tag, digest=digest).rows
    if not rows:
        return None
    found = Found(*rows[0])
    deletions = Deletions(inventory)
    if tag:
        deletions.add_rows("gone_tag", [(repository, tag, "named")])
    else:
        deletions.add_rows("gone", [(repository, found.digest, "named")])
    deletions.settle()
    platforms = [Platform(*row) for row in _run(inventory, "image_platforms", digest_id=found.digest_id).rows]
    shown = next((each for each in platforms if each.digest == platform), platforms[0] if platforms else None)
    manifest_id = shown.digest_id if shown else found.digest_id
    return Image(
        repository=repository,
        found=found,
        totals=deletions.totals(),
        tags_gone=_run(inventory, "image_gone").rows,
        platforms=platforms,
        shown=shown,
        layers=[Layer(*row) for row in _run(inventory, "image_layers", digest_id=manifest_id).rows],
        holders=[Holder(*row) for row in _run(inventory, "image_holders", digest_id=manifest_id).rows],
        referrers=[
            Referrer(*row)
            for row in _run(
                inventory, "image_referrers", repository_id=found.repository_id, digest_id=found.digest_id
            ).rows
        ],
    )


def layers_table(image: Image) -> Table:
    """Return the layers as rows: what the command line puts out as JSON and CSV."""
    so_far = 0
    rows = []
    for layer in image.layers:
        so_far += layer.size_bytes or 0
        rows.append(
            (layer.position, layer.size_bytes, so_far, layer.repositories_count, layer.tags_count, layer.is_freed,
             layer.created_by, layer.digest)
        )  # fmt: skip
    columns = [
        "position",
        "size_bytes",
        "so_far_bytes",
        "repositories_count",
        "tags_count",
        "is_freed",
        "created_by",
        "digest",
    ]
    types = ["INTEGER", "BIGINT", "BIGINT", "BIGINT", "BIGINT", "BOOLEAN", "VARCHAR", "VARCHAR"]
    return Table(columns, types, rows)


def _run(inventory: Inventory, name: str, **values: object) -> Table:
    return inventory.query(statements("page")[name].sql, values)
