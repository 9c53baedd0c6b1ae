"""A registry in which something of each kind lies and much is wrong, and what is said of it: the same by every way."""

from __future__ import annotations

from pathlib import Path

from tonnage.errors import NotKnownError
from tonnage.formats.oci import MANIFEST_BYTES_LIMIT
from tonnage.inventory.database import Inventory, Table
from tonnage.inventory.reports import builtin_reports, run_report
from tonnage.sample import Builder


def odd_registry(root: Path, tags_count: int = 60) -> Builder:
    """Build a registry with something of each kind, what goes wrong in storages, and so many tags in one repository."""
    registry = Builder(root)
    base = registry.layer(b"base")
    app = registry.repository("org/app")
    one, two = app.image([base, registry.layer(b"one")], tag="1"), app.image([base, registry.layer(b"two")])
    app.index([app.index([one, two])], tag="nested")
    for number in range(tags_count):
        app.tag(f"build-{number}", (one, two)[number % 2].digest)
    app.image([base], tag="2", labels={"x": "y", "ü": "\N{SNOWMAN}"})
    registry.layer(b"orphaned")
    other = registry.repository("other")
    large = (
        b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[],"annotations":{"x":"'
    )
    for tag, size in (("large", MANIFEST_BYTES_LIMIT), ("too-large", MANIFEST_BYTES_LIMIT + 1)):
        other.manifest(large + b"x" * (size - len(large) - 3) + b'"}}', tag=tag)
    other.manifest(b'{"schemaVersion":2', tag="cut-off")
    registry.blob_path(other.image([base], tag="lost").digest).unlink()
    registry.blob_path(other.image([base, registry.layer(b"x")], tag="altered").digest).write_bytes(b"{}")
    other.tag_link("lost").write_bytes(b"")
    other.layer_link(base.digest).write_bytes(b"sha256:none")
    registry.stray("repositories/org/app/odd name+&%.txt", b"stray")
    registry.stray("README", b"stray")
    return registry


def answers(inventory: Inventory) -> dict[str, Table | str]:
    """Return what each report answers, or why it cannot. Those that need a digest are asked about the largest layer."""
    [(digest,)] = inventory.query("select digest from layer order by size_bytes desc, digest limit 1").rows
    found: dict[str, Table | str] = {}
    for report in builtin_reports().values():
        values = {p.name: digest for p in report.parameters if p.default is None}
        try:
            found[report.name] = run_report(inventory, report, values)
        except NotKnownError as error:
            found[report.name] = error.message
    return found
