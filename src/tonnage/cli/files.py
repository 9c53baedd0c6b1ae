"""tonnage files"""

from typing import Any

import click

from tonnage.cli.options import inventory_option
from tonnage.cli.output_options import Asked, output_options
from tonnage.cli.source_options import source_options

_STOPPED = {
    "time": "it took more than 20 seconds: these are from the beginning of the layer",
    "entries": "it has more than 200,000 entries: these are among the first",
    "bytes": "it is larger than is read: these are from the beginning of the layer",
    "damaged": "it is damaged, or not an archive: these could be read before",
}


@click.command(
    epilog="""\b
Examples:
  tonnage files f15609d693a1
  tonnage files sha256:f15609d693a1 --storage s3://registry-bucket --json"""
)
@click.argument("digest", metavar="DIGEST")
@click.option("--storage", metavar="PLACE", help="Where the storage is; else where it was scanned.")
@source_options
@inventory_option
@output_options
def command(
    digest: str,
    storage: str | None,
    thorough: bool,
    inventory: str,
    asked: Asked,
    **source: Any,
) -> None:
    """List the largest files in a layer, read from the storage as it is now.

    The layer is unpacked as it is read, for 20 seconds at most; nothing is written anywhere.
    """
    from tonnage.cli.output import put_rows, talk
    from tonnage.cli.source_options import open_options
    from tonnage.errors import NotKnownError
    from tonnage.inventory.database import Inventory, Table
    from tonnage.inventory.reports import find_digest
    from tonnage.layers.opening import files_of, place_of

    with Inventory(inventory) as opened:
        found = find_digest(opened, digest)
        place = place_of(inventory, storage)
        if not place:
            raise NotKnownError("the storage is not here", "say where it is: --storage PLACE")
        listing = files_of(opened, place, found, open_options(**source))
    rows = [(file.size_bytes, file.path) for file in listing.largest]
    put_rows(Table(["size_bytes", "path"], ["BIGINT", "VARCHAR"], rows), asked)
    if listing.stopped:
        talk(_STOPPED[listing.stopped])
