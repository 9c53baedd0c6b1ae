"""tonnage doctor"""

import sys

import click

from tonnage.cli.options import collector_option, inventory_option, tags_option
from tonnage.cli.output_options import Asked, output_options


@click.command(
    epilog="""\b
Examples:
  tonnage doctor
  tonnage doctor --json -o doctor.json
  tonnage doctor --config /etc/docker/registry/config.yml
  tonnage doctor -q --collector 2 && registry garbage-collect /etc/docker/registry/config.yml

Exits with 29 where something is to be done before a collection, or nobody can say; else with 0.
The exit code is about a collection without -m unless -m is given, and never about access times or the registry's settings
that no collection depends on."""
)
@collector_option(help="Version of the registry that collects; else both are asked about.")
@click.option("-m", "--delete-untagged", is_flag=True, help="Collections are run with the option of this name.")
@click.option(
    "--config", metavar="FILE", help="The registry's own configuration; else one in /etc that is of this storage."
)
@click.option(
    "--config-env", metavar="FILE", help="Its REGISTRY_… variables, as `docker exec registry env` prints them."
)
@click.option("-q", "--quiet", is_flag=True, help="Only the exit code.")
@tags_option
@inventory_option
@output_options
def command(
    version: str | None,
    delete_untagged: bool,
    config: str | None,
    config_env: str | None,
    quiet: bool,
    tags_from: str | None,
    inventory: str,
    asked: Asked,
) -> None:
    """Say whether a collection can run, what it would break, and what is to be done first.

    Asks also whether uploads are purged, where the tags are, whether the registry is a cache, and what access times of
    files are worth; of the registry's own configuration, whether deletion is on, and it is read-only. Every line has its
    next step.
    """
    from tonnage.checks.doctor import examine
    from tonnage.checks.findings import exit_code_of, to_table, to_text
    from tonnage.cli.hints import again
    from tonnage.cli.output import look, put_rows, show, width
    from tonnage.cli.registry_config import configured_for
    from tonnage.cli.tags import open_inventory
    from tonnage.layers.opening import location_of, place_in
    from tonnage.storage.volume import access_times_of

    with open_inventory(inventory, tags_from) as opened:
        place = place_in(opened)
        configured = configured_for(location_of(opened), config, config_env)
        found = examine(opened, version, access_times_of(place) if place else "", again(inventory), configured)
    if asked.is_table:
        put_rows(to_table(found), asked)
    elif not quiet:
        show(to_text(found, width(), look(asked.output)), asked.output)
    sys.exit(exit_code_of(found, delete_untagged))
