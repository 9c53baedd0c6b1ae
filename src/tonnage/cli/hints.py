"""Commands that a person is told to run: they work when copied, from whatever folder."""

import os
import shlex

from tonnage.cli.places import as_named, is_in_bucket
from tonnage.inventory.database import DEFAULT_INVENTORY
from tonnage.inventory.postgresql.address import is_address


def named(path: str) -> str:
    """Return a file as a command names it that may be run from another folder; stdin stays `-`."""
    return path if path == "-" else shlex.quote(os.path.abspath(path))


def lasting(inventory: str) -> str:
    """Return an inventory as it is named where nobody knows from which folder: an address, or a whole path."""
    place = as_named(inventory)
    return place if is_address(place) or is_in_bucket(place) else os.path.abspath(place)


def ready(inventory: str) -> str:
    """Return that an inventory can be asked, and the command for it in this very folder."""
    return f"{inventory} is ready: tonnage{here(inventory)}"


def here(inventory: str) -> str:
    """Return what `again` does, for a command that is run in this very folder: as short as the place was typed."""
    return "" if as_named(inventory) == _found() else f" -i {shlex.quote(inventory)}"


def again(inventory: str) -> str:
    """Return what a command has to end in to ask the same inventory: nothing where it is found without being named."""
    return "" if as_named(inventory) == _found() else f" -i {shlex.quote(lasting(inventory))}"


def _found() -> str:
    """Return the inventory that is asked where none is named."""
    return os.environ.get("TONNAGE_INVENTORY", DEFAULT_INVENTORY)
