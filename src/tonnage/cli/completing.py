"""What a shell is offered: files, and names of what is in the inventory. Loaded only when a shell asks."""

import os
from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem

from tonnage.errors import TonnageError
from tonnage.inventory.database import Inventory
from tonnage.inventory.names import is_name_type, names_of

_FILES = {"FILE", "PLACE", "PLAN", "JOURNAL", "OLD", "NEW", "STORAGE", "[INVENTORY]"}
_FOLDERS = {"FOLDER"}
_MOST = 500
"""More is of no use to anybody, and a shell asks before it goes on."""
Offer = Callable[[Inventory, str], Iterable[str]]


def offer(command: click.Command) -> click.Command:
    """Return the command, its parameters completing what their metavars name."""
    for parameter in command.params:
        metavar, name = parameter.metavar or "", parameter.name or ""
        if metavar in _FILES or name == "file":
            _complete(parameter, lambda ctx, text: [CompletionItem(text, type="file")])
        elif metavar in _FOLDERS:
            _complete(parameter, lambda ctx, text: [CompletionItem(text, type="dir")])
        elif is_name_type(name):
            _complete(parameter, _asking(_named(name)))
        elif metavar.strip("[]").startswith(("TARGET", "REPOSITORY:TAG")):
            _complete(parameter, _asking(_targets))
        elif metavar == "[TABLE]":
            _complete(parameter, _asking(_tables))
    return command


Completing = Callable[[click.Context, str], list[CompletionItem]]


def _complete(parameter: click.Parameter, completing: Completing) -> None:
    setattr(parameter, "shell_complete", completing)  # noqa: B010 - click takes it at the making only


def _asking(names: Offer) -> Completing:
    def completing(ctx: click.Context, text: str) -> list[CompletionItem]:
        try:
            with Inventory(_inventory(ctx)) as inventory:
                found = [name for name in names(inventory, text) if name.startswith(text)]
        except TonnageError:
            return []  # no inventory, no names: a shell has no place for a message
        return [CompletionItem(name) for name in found[:_MOST]]

    return completing


def _named(type_: str) -> Offer:
    return lambda inventory, text: names_of(inventory, type_)


def _inventory(ctx: click.Context) -> str:
    here: click.Context | None = ctx
    while here is not None:
        if value := here.params.get("inventory") or next(iter(here.params.get("inventories") or ()), None):
            return str(value)
        here = here.parent
    return os.environ.get("TONNAGE_INVENTORY", "tonnage.duckdb")


def _targets(inventory: Inventory, text: str) -> Iterable[str]:
    repository, colon, _ = text.partition(":")
    if not colon:
        return names_of(inventory, "repository")
    rows = inventory.query("select tag from tag where repository = $name order by tag", {"name": repository}).rows
    return (f"{repository}:{tag}" for (tag,) in rows)


def _tables(inventory: Inventory, _: str) -> Iterable[str]:
    found = inventory.query("select view_name from duckdb_views() where schema_name = 'main' and not internal")
    return sorted(str(name) for (name,) in found.rows)
