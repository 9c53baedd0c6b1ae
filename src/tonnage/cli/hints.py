"""Commands that a person is told to run: they work when copied, from whatever folder."""

import os
import shlex


def again(inventory: str) -> str:
    """Return what a command has to end in to ask the same inventory: nothing where it is found without being named."""
    found = os.environ.get("TONNAGE_INVENTORY", "tonnage.duckdb")
    return "" if inventory == found else f" -i {shlex.quote(os.path.abspath(inventory))}"
