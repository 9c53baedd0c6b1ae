"""Commands that a person is told to run: they work when copied, from whatever folder."""

import os
import shlex

from tonnage.inventory.postgresql.address import is_address


def again(inventory: str) -> str:
    """Return what a command has to end in to ask the same inventory: nothing where it is found without being named."""
    found = os.environ.get("TONNAGE_INVENTORY", "tonnage.duckdb")
    place = inventory if is_address(inventory) else os.path.abspath(inventory)
    return "" if inventory == found else f" -i {shlex.quote(place)}"
