"""tonnage what-if"""

from typing import TYPE_CHECKING

import click

from tonnage.cli.options import inventory_option, tags_option
from tonnage.cli.output_options import Asked, output_options

if TYPE_CHECKING:
    from tonnage.inventory.database import Inventory


@click.command(
    epilog="""\b
Examples:
  tonnage what-if shop/search
  tonnage what-if ml/notebook:cuda 'team-a/*:pr-*'
  tonnage what-if app@sha256:4f4f --list keepers --json
  tonnage what-if --platform linux/arm/v7 --platform linux/s390x"""
)
@click.argument("targets", nargs=-1, metavar="TARGET…")
@click.option(
    "--list",
    "listing",
    type=click.Choice(["summary", "revisions", "keepers", "siblings", "kept", "blobs"]),
    default="summary",
    show_default=True,
    help="The sum, what goes, who keeps the shared part, sibling tags that stay, what was named and stays, blobs freed.",
)
@click.option(
    "--platform",
    "platforms",
    multiple=True,
    metavar="OS/ARCH",
    help="In place of targets: all images of this platform, wherever they are; may be given again.",
)
@tags_option
@inventory_option
@output_options
def command(
    targets: tuple[str, ...],
    platforms: tuple[str, ...],
    listing: str,
    tags_from: str | None,
    inventory: str,
    asked: Asked,
) -> None:
    """Say what would be freed if these went: REPO, REPO:TAG, REPO@DIGEST, with * in names.

    The bytes are those of the set: what is shared within it counts, what others need does not.
    """
    from tonnage.cli.output import look, mention_doubts, put_rows, show, width
    from tonnage.cli.tags import open_inventory
    from tonnage.errors import UsageError
    from tonnage.formats.targets import parse_target
    from tonnage.planning.deletions import Deletions, nothing_is
    from tonnage.planning.deletions_text import describe, listing_of

    if bool(targets) == bool(platforms):
        raise UsageError("give targets or `--platform`, one of them", "tonnage what-if --help")
    with open_inventory(inventory, tags_from) as opened:
        mention_doubts(opened)
        if platforms:
            _drop(opened, platforms, listing, asked)
            return
        deletions = Deletions(opened)
        if missing := deletions.add_all([parse_target(text) for text in targets]):
            raise UsageError(*nothing_is(missing[0], opened))
        deletions.settle()
        if listing == "summary" and not asked.is_table:
            show(describe(deletions, width(), look(asked.output)), asked.output)
        else:
            put_rows(listing_of(deletions, listing), asked)


def _drop(opened: "Inventory", platforms: tuple[str, ...], listing: str, asked: Asked) -> None:
    from tonnage.cli.output import put_rows, show
    from tonnage.errors import UsageError
    from tonnage.planning.platforms import describe, drop_platforms

    if listing not in ("summary", "blobs"):
        raise UsageError(f"`--list {listing}` is not for platforms", "--list summary, or --list blobs")
    dropped = drop_platforms(opened, platforms)
    if listing == "summary" and not asked.is_table:
        show(describe(dropped), asked.output)
    else:
        put_rows(dropped.totals if listing == "summary" else dropped.blobs, asked)
