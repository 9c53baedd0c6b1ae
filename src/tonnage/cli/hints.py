"""Commands that a person is told to run: they work when copied, from whatever folder."""

import os
import shlex

from tonnage.cli.places import as_named, is_in_bucket
from tonnage.inventory.postgresql.address import is_address


def named(path: str) -> str:
    """Return a file as a command names it that may be run from another folder; stdin stays `-`."""
    return path if path == "-" else shlex.quote(os.path.abspath(path))


def lasting(inventory: str) -> str:
    """Return an inventory as it is named where nobody knows from which folder: an address, or a whole path."""
    place = as_named(inventory)
    return place if is_address(place) or is_in_bucket(place) else os.path.abspath(place)


def again(inventory: str) -> str:
    """Return what a command has to end in to ask the same inventory: nothing where it is found without being named."""
    found = os.environ.get("TONNAGE_INVENTORY", "tonnage.duckdb")
    return "" if as_named(inventory) == found else f" -i {shlex.quote(lasting(inventory))}"
