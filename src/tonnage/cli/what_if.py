"""tonnage what-if"""

import click

from tonnage.cli.options import Asked, inventory_option, output_options, tags_option


@click.command(
    epilog="""\b
Examples:
  tonnage what-if shop/search
  tonnage what-if ml/notebook:cuda 'team-a/*:pr-*'
  tonnage what-if app@sha256:4f4f --list keepers --json"""
)
@click.argument("targets", nargs=-1, required=True, metavar="TARGET…")
@click.option(
    "--list",
    "listing",
    type=click.Choice(["summary", "revisions", "keepers", "siblings", "kept", "blobs"]),
    default="summary",
    show_default=True,
    help="The sum, what goes, who keeps the shared part, sibling tags that stay, what was named and stays, blobs freed.",
)
@tags_option
@inventory_option
@output_options
def command(
    targets: tuple[str, ...],
    listing: str,
    tags_from: str | None,
    inventory: str,
    asked: Asked,
) -> None:
    """Say what would be freed if these went: REPO, REPO:TAG, REPO@DIGEST, with * in names.

    The bytes are those of the set: what is shared within it counts, what others need does not.
    """
    from tonnage.cli.output import mention_doubts, put_rows, show, width
    from tonnage.cli.tags import open_inventory
    from tonnage.errors import UsageError
    from tonnage.formats.targets import parse_target
    from tonnage.planning.deletions import Deletions, nothing_is
    from tonnage.planning.deletions_text import describe, listing_of

    with open_inventory(inventory, tags_from) as opened:
        mention_doubts(opened)
        deletions = Deletions(opened)
        if missing := deletions.add_all([parse_target(text) for text in targets]):
            raise UsageError(*nothing_is(missing[0]))
        deletions.settle()
        if listing == "summary" and not asked.is_table:
            show(describe(deletions, width()), asked.output)
        else:
            put_rows(listing_of(deletions, listing), asked)
