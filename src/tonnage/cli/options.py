"""Options that mean the same everywhere: which inventory, whose tags, which collector, which registry."""

from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from tonnage.cli.places import only_here, readable

SETTINGS = {
    "TONNAGE_INVENTORY": "the inventory, where no `--inventory` is given",
    "TONNAGE_REPORTS": "a folder of your own .sql files, each a command",
    "TONNAGE_TAGS_FROM": "tags kept outside of the storage, where no `--tags-from` is given",
    "TONNAGE_REGISTRY_USER": "the login at the registry, with TONNAGE_REGISTRY_PASSWORD; else docker's",
    "TONNAGE_REGISTRY_PASSWORD": "its password",
    "DOCKER_CONFIG": "the folder of docker's config.json, where logins and their helpers are; else ~/.docker",
    "NO_COLOR": "no colour on a terminal, as with TERM=dumb",
    "FORCE_COLOR": "colour where no terminal is, too, as in a pipe to `less -R`; NO_COLOR is heard first",
}
"""What is read from the environment."""

INVENTORY_HELP = "The inventory; else TONNAGE_INVENTORY, else tonnage.duckdb here."

Command = TypeVar("Command", bound=Callable[..., Any])


def inventory_option(command: Command) -> Command:
    """Add `--inventory`, for every command that reads one; a place in a bucket is copied first."""
    return _one_inventory(readable)(command)


def new_inventory_option(command: Command) -> Command:
    """Add `--inventory`, for commands that write it."""
    return _one_inventory(only_here)(command)


def _one_inventory(callback: Callable[..., Any]) -> Callable[[Command], Command]:
    return click.option(
        "-i",
        "--inventory",
        metavar="FILE",
        default=lambda: click.get_current_context().obj,  # what stands before the command's name, see `program`
        callback=callback,
        help=INVENTORY_HELP,
    )


def inventories_option(command: Command) -> Command:
    """Add `--inventory` for reports, which may ask several at once: a tuple, with at least one place in it."""
    return click.option(
        "-i",
        "--inventory",
        "inventories",
        metavar="FILE",
        multiple=True,
        callback=lambda ctx, option, values: readable(ctx, option, values or (ctx.obj,)),
        help=f"{INVENTORY_HELP} Several, or a folder of them, are asked together.",
    )(command)


def tags_option(command: Command) -> Command:
    """Add `--tags-from`, for registries that keep their tags elsewhere than in the storage."""
    return click.option(
        "--tags-from",
        metavar="FILE",
        envvar="TONNAGE_TAGS_FROM",
        help="Tags kept outside of the storage: REPOSITORY:TAG@DIGEST a line, Harbor's database dump, or Harbor's URL.",
    )(command)


def collector_option(**settings: Any) -> Callable[[Command], Command]:
    """Return what adds `--collector`. It was `--registry` once, which elsewhere is an address; that is still taken."""
    settings.setdefault("help", "Version of the registry that collects.")
    version = click.Choice(["2", "3"])
    named = click.option("--collector", "version", type=version, **settings)
    former = click.option(
        "--registry", hidden=True, expose_value=False, is_eager=True, type=version, callback=_as_collector
    )
    return lambda command: former(named(command))


def _as_collector(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.default_map = {**(ctx.default_map or {}), "version": value}


def registry_options(command: Command) -> Command:
    """Add the registry's address and how to treat it, and how a change of it is confirmed and reported."""
    for option in (
        click.option("-q", "--quiet", is_flag=True, help="No summary, no progress."),
        click.option("--json", "as_json", is_flag=True, help="The outcome of every item, as one object."),
        click.option("--concurrency", default=4, show_default=True, metavar="N", help="Requests at once."),
        click.option("--rate", default=50.0, show_default=True, metavar="N", help="Requests per second."),
        click.option("--credentials", default="", metavar="FILE", help="user:password, JSON, or a docker config.json."),
        click.option("--ca", default="", metavar="FILE", help="Certificates to trust as well, as PEM."),
        click.option("-n", "--dry-run", is_flag=True, help="Change nothing and do not ask: see what would be done."),
        click.option(
            "--confirm",
            default="",
            metavar="PLAN_ID",
            help="Do it without asking: the plan's id, 32 digits or all.",
        ),
        click.option("--registry", "url", required=True, metavar="URL", help="Such as https://registry.example.com."),
    ):
        command = option(command)
    return command


def explicit_inventory(ctx: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Return the inventory that was named, here or before the command's name; the default of other commands is none.

    It is written to. Raises UsageError for one in a bucket.
    """
    parent = ctx.parent
    if value or parent is None or parent.get_parameter_source("inventory") is ParameterSource.DEFAULT:
        return only_here(ctx, option, value) if value else value
    return only_here(ctx, option, str(parent.params["inventory"]))
