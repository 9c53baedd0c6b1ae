"""tonnage web"""

import sys
from typing import Any

import click

from tonnage.cli.options import collector_option, inventory_option, tags_option

DEFAULT_ADDRESS = "127.0.0.1:8080"


@click.command(
    epilog="""\b
Examples:
  tonnage web
  tonnage web tonnage.duckdb --no-browser
  tonnage web -i tonnage.duckdb --web.listen-address :8080 --web.config.file web.yml

It never deletes anything and never writes to the inventory. When another scan takes the inventory's place, the page
shows that one. `tonnage serve` scans as well."""
)
@click.argument("file", metavar="[INVENTORY]", required=False)
@inventory_option
@tags_option
@click.option(
    "--policy", metavar="FILE", help="Rules that say what is kept: for the set that is chosen, and for plans."
)
@click.option("--in-use", metavar="FILE", help="Images never to touch: a reference a line, or kubectl's JSON.")
@collector_option(default="2", show_default=True)
@click.option(
    "--storage", metavar="PLACE", help="Where the storage is, to look into layers; else where it was scanned."
)
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option(
    "--web.listen-address",
    "addresses",
    multiple=True,
    metavar="ADDRESS",
    help=f"Where to listen, default {DEFAULT_ADDRESS} or, if that is taken, another port. May be given several times.",
)
@click.option("--web.config.file", "web_config_path", metavar="FILE", help="TLS and users, in Prometheus' own format.")
@click.option("--web.external-url", "external_url", default="", metavar="URL", help="Where a proxy makes it reachable.")
def command(
    file: str | None,
    inventory: str,
    tags_from: str | None,
    policy: str | None,
    in_use: str | None,
    version: str,
    storage: str | None,
    no_browser: bool,
    addresses: tuple[str, ...],
    web_config_path: str | None,
    external_url: str,
) -> None:
    """Look at an inventory in the browser: what fills the disk, who needs it, and what would be freed.

    It listens on this machine only, unless told otherwise, and ends with Ctrl-C.
    """
    from tonnage.cli.page import Wishes, site_of
    from tonnage.exporter.addresses import listen
    from tonnage.exporter.web import Web
    from tonnage.web.serving import app_of, serve
    from tonnage.web.shell import Hosts, parse_external_url
    from tonnage.web.snapshot import open_snapshot

    path = file or inventory
    prefix = parse_external_url(external_url)
    wishes = Wishes(tags_from=tags_from, policy=policy, in_use=in_use, registry_version=int(version), storage=storage)
    open_snapshot(path, wishes.tags()).inventory.connection.close()  # what is wrong with it is said at once
    site = site_of(path, prefix, wishes)
    web = Web(web_config_path)
    sockets = listen(addresses) if addresses else _listen_somewhere()
    hosts = Hosts([sock.getsockname()[0] for sock in sockets], external_url)
    serve(site, web, app_of(site, web, hosts, prefix), sockets, lambda url: _say(url + prefix, no_browser))


def _listen_somewhere() -> Any:
    """Return a socket on the usual port or, as that may well be taken, on any."""
    from tonnage.exporter.addresses import AddressError, listen

    try:
        return listen([DEFAULT_ADDRESS])
    except AddressError:
        return listen(["127.0.0.1:0"])


def _say(url: str, no_browser: bool) -> None:
    from tonnage.cli.output import talk

    talk(f"{url}/ shows the inventory; Ctrl-C ends it")
    if not no_browser and _has_desktop():
        import threading
        import webbrowser

        threading.Thread(target=webbrowser.open, args=(f"{url}/",), daemon=True).start()


def _has_desktop() -> bool:
    """Return whether there is a screen a browser would be opened on; one in this terminal would take it over."""
    import os

    return sys.stderr.isatty() and (
        sys.platform == "darwin" or bool({"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys())
    )
