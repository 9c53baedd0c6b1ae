"""tonnage gc"""

import sys

import click

from tonnage.cli.options import collector_option, inventory_option, tags_option
from tonnage.cli.output_options import Asked, output_options

_LISTINGS = (
    "blobs", "revisions", "links", "history", "broken", "repositories", "leftovers", "difference", "stops",
)  # fmt: skip


@click.command(
    epilog="""\b
Examples:
  tonnage gc --collector 2
  tonnage gc --collector 2 --delete-untagged --list broken
  tonnage gc --collector 3 -m --fail-on-break --json

\b
Lists:
  blobs, revisions, links, history  what it removes
  broken        images and referrers that lose something, and the rule that does it
  repositories  what it removes in each repository
  leftovers     what it leaves behind, and no collection ever takes
  difference    blobs it takes although needed, or leaves although nothing needs them
  stops         everything it would stop on

--json without a list gives the summary as one object.
Exits with 0; with --fail-on-break with 15 where it would break something or stop before its end,
or where nobody can say: tags kept elsewhere, with -m, or a storage most of which is not there."""
)
@collector_option()
@click.option("-m", "--delete-untagged", is_flag=True, help="With the collector's option of this name.")
@click.option(
    "--storage-order",
    type=click.Choice(["filesystem", "object"]),
    help="How 3.x walks repositories: as on a disk, or as keys of an object store. Else the location tells.",
)
@click.option("--list", "name", type=click.Choice(_LISTINGS), metavar="LIST", help="A list in place of the summary.")
@click.option("--as-if-put-right", is_flag=True, help="As if everything the collection stops on were put right.")
@click.option("--fail-on-break", is_flag=True, help="Exit with 15 where it would break something, or stop.")
@tags_option
@inventory_option
@output_options
def command(
    version: str | None,
    delete_untagged: bool,
    storage_order: str | None,
    name: str | None,
    as_if_put_right: bool,
    fail_on_break: bool,
    tags_from: str | None,
    inventory: str,
    asked: Asked,
) -> None:
    """Preview the registry's own garbage collection, from the inventory: what it frees, breaks and leaves behind.

    It is the program's own rules that are followed, step by step; what is safe to free stands beside it.
    """
    from tonnage.cli.hints import again
    from tonnage.cli.output import look, put, put_rows, show, width
    from tonnage.cli.streams import Content
    from tonnage.cli.tags import open_inventory
    from tonnage.errors import COLLECTION_HARMS, UsageError
    from tonnage.gc.preview import context_of, listing, preview
    from tonnage.gc.text import describe, stops_table, to_document

    if version is None:
        raise UsageError("whose collection?", "the registry's version: --collector 2 or --collector 3")
    if name is None and asked.is_table and asked.form != "json":
        raise UsageError("the summary is not a table", "name a list: tonnage gc --list blobs --csv")
    with open_inventory(inventory, tags_from) as opened:
        found = preview(opened, int(version), delete_untagged, storage_order, as_if_put_right=as_if_put_right)
        if name == "stops":
            put_rows(stops_table(found), asked)
        elif name is not None:
            put_rows(listing(opened, name, storage_order), asked)
        else:
            context = context_of(opened, storage_order)
            if asked.form == "json":
                put(to_document(found, context), asked.output, Content.JSON)
            else:
                show(describe(found, context, width(), again(inventory), look(asked.output)), asked.output)
    if fail_on_break and (found.stop or found.is_doubtful or found.broken.images_count or found.broken.referrers_count):
        sys.exit(COLLECTION_HARMS)
