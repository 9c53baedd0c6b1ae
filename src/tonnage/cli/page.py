"""tonnage page, and how the pages are put together for `web`, `serve` and this."""

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import click

from tonnage.cli.options import inventory_option, tags_option

if TYPE_CHECKING:
    from tonnage.layers.listing import Listing
    from tonnage.web.site import ListFiles, Rules, Site
    from tonnage.web.snapshot import Snapshot, Tags


@click.command(
    epilog="""\b
Examples:
  tonnage page
  tonnage page -i tonnage.duckdb -o report.html --lang zh-CN"""
)
@click.option("-o", "--output", metavar="FILE", default="report.html", show_default=True, help="Where to; - is stdout.")
@click.option("--lang", "language", type=click.Choice(["en", "zh-CN"]), default="en", show_default=True)
@tags_option
@inventory_option
def command(output: str, language: str, tags_from: str | None, inventory: str) -> None:
    """Write the page as one file to send to a colleague: what fills the disk, all maps, the first rows of the reports.

    It has no script and asks nothing of the network. `tonnage web` serves the page itself.
    """
    from tonnage.cli.output import put, talk
    from tonnage.cli.places import as_file
    from tonnage.web.onefile import one_file
    from tonnage.web.serving import stop

    site = site_of(as_file(inventory), "", Wishes(tags_from=tags_from, storage=""))
    site.snapshots.load()
    try:
        put(one_file(site, language), output)
    finally:
        stop(site)
    if output != "-":
        talk(f"{output} is ready to be sent: it asks nothing of the network")


@dataclass(frozen=True)
class Wishes:
    """What a user may say about the pages."""

    tags_from: str | None = None
    policy: str | None = None
    in_use: str | None = None
    registry_version: int = 2
    storage: str | None = None
    """Where the storage is; None for where it was scanned."""

    def tags(self) -> "Tags | None":
        """Return the tags that are kept elsewhere, read again. Raises TonnageError."""
        from tonnage.cli.tags import read_tags

        return read_tags(self.tags_from)

    @cached_property
    def rules(self) -> "Rules":
        """What of a plan is given beforehand. Raises UsageError for what cannot be read or understood."""
        from tonnage.cli.output import read_text
        from tonnage.formats.references import parse_in_use
        from tonnage.planning.policy import parse_policy
        from tonnage.web.site import Rules

        policy = read_text(self.policy) if self.policy else ""
        in_use = read_text(self.in_use) if self.in_use else ""
        if policy:
            parse_policy(policy)
        if in_use:
            parse_in_use(in_use)
        return Rules(policy, in_use, self.registry_version)


def site_of(path: str, prefix: str, wishes: Wishes, source: dict[str, Any] | None = None) -> "Site":
    """Return what all pages share, over the inventory at a path."""
    import os

    from tonnage.cli.reports import all_reports
    from tonnage.cli.volume import volume_at
    from tonnage.inventory.reports import reports_in
    from tonnage.layers.opening import place_of
    from tonnage.web.links import Links
    from tonnage.web.pages.overview import prepare as prepare_overview
    from tonnage.web.sandbox import Sandbox
    from tonnage.web.site import Site, static_version
    from tonnage.web.snapshots import Snapshots
    from tonnage.web.solver import Solver

    sandbox, solver = Sandbox(), Solver(wishes.rules)

    def renew(snapshot: object) -> None:
        sandbox.stop()
        solver.stop()

    def prepare(snapshot: "Snapshot") -> None:
        site.compile()
        prepare_overview(snapshot)

    site = Site(
        snapshots=Snapshots(path, all_reports, wishes.tags, renew, prepare),
        reports=all_reports,
        links=Links(prefix, static_version()),
        sandbox=sandbox,
        solver=solver,
        rules=wishes.rules,
        own_reports=frozenset(reports_in(os.environ.get("TONNAGE_REPORTS"))),
        list_files=_list_files(path, wishes.storage, source or {}),
        volume=partial(volume_at, place_of(path, wishes.storage)),
    )
    return site


def _list_files(path: str, storage: str | None, source: dict[str, Any]) -> "ListFiles | None":
    """Return what lists the files of a layer, where the storage is at hand."""
    from tonnage.cli.source_options import open_options
    from tonnage.inventory.database import Inventory
    from tonnage.layers.opening import files_of, place_of

    place = place_of(path, storage)
    if not place or place.startswith(("http://", "https://")):
        return None

    def list_files(digest: str) -> "Listing":
        with Inventory(path) as inventory:
            return files_of(inventory, place, digest, open_options(**source))

    return list_files
