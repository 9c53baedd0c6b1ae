"""An image as text for people: layers in order with a bar, platforms side by side, what it alone frees."""

from tonnage.inventory.database import Table
from tonnage.planning.images import Image
from tonnage.show.colours import PLAIN, Look
from tonnage.show.render import shorten_digests, to_text
from tonnage.sizes import format_size, format_time

_BAR = 8
_HOLDERS = 5


def describe(image: Image, width: int = 80, look: Look = PLAIN) -> str:
    """Return what is known of an image."""
    found, totals = image.found, image.totals
    name = f"{image.repository}:{found.tags[0]}" if found.tags else image.repository
    at_most = " at most" if totals.is_at_most else ""
    lines = [
        f"{name}, {found.kind} {shorten_digests(found.digest)}, pushed {format_time(found.pushed_at) or '?'}",
        f"  {format_size(totals.stored_bytes):>10}  it needs",
        f"  {format_size(totals.freed_bytes):>10}  freed{at_most} if it alone goes",
        f"  {format_size(totals.shared_bytes):>10}  stays: others need it too",
    ]
    if len(found.tags) > 1:
        lines.append(f"  {len(found.tags)} tags point to it: {', '.join(found.tags)}")
    text = "\n".join(lines) + "\n"
    text += _platforms(image, width, look)
    return text + _layers(image, width, look) + _holders(image, width, look) + _referrers(image, width, look)


def _platforms(image: Image, width: int, look: Look) -> str:
    if not image.platforms:
        return ""
    rows = [
        ("attestation" if each.is_attestation else each.platform, each.size_bytes, each.digest, each == image.shown)
        for each in image.platforms
    ]
    table = Table(["platform", "size_bytes", "digest", "is_shown"], ["VARCHAR", "BIGINT", "VARCHAR", "BOOLEAN"], rows)
    return "\nPlatforms\n" + to_text(table, width, look)


def _layers(image: Image, width: int, look: Look) -> str:
    """Return the layers from the base up; `=` is freed if it alone goes, `-` stays."""
    if not image.layers:
        return "\nIt has no layers of its own.\n"
    most = max(layer.size_bytes or 0 for layer in image.layers) or 1
    rows, so_far = [], 0
    for layer in image.layers:
        so_far += layer.size_bytes or 0
        bar = ("=" if layer.is_freed else "-") * round(_BAR * (layer.size_bytes or 0) / most)
        rows.append(
            (
                layer.position,
                bar or ".",
                layer.size_bytes,
                so_far,
                layer.repositories_count,
                layer.created_by,
                layer.digest,
            )
        )
    columns = ["position", "bar", "size_bytes", "so_far_bytes", "repositories_count", "created_by", "digest"]
    types = ["INTEGER", "VARCHAR", "BIGINT", "BIGINT", "BIGINT", "VARCHAR", "VARCHAR"]
    return "\nLayers, the base first: = is freed if it alone goes, - stays\n" + to_text(
        Table(columns, types, rows), width, look
    )


def _holders(image: Image, width: int, look: Look) -> str:
    if not image.holders:
        return ""
    rows = [(each.repository, each.size_bytes, len(each.positions), each.tags_count) for each in image.holders]
    columns = ["repository", "size_bytes", "layers_count", "tags_count"]
    table = Table(columns, ["VARCHAR", "BIGINT", "BIGINT", "BIGINT"], rows[:_HOLDERS])
    more = f"… {len(rows) - _HOLDERS:,} more\n" if len(rows) > _HOLDERS else ""
    return "\nWho else holds layers of it\n" + to_text(table, width, look) + more


def _referrers(image: Image, width: int, look: Look) -> str:
    if not image.referrers:
        return ""
    table = Table(["type", "size_bytes", "digest"], ["VARCHAR", "BIGINT", "VARCHAR"], [
        (each.type, each.size_bytes, each.digest) for each in image.referrers
    ])  # fmt: skip
    return "\nSignatures and other referrers\n" + to_text(table, width, look)
