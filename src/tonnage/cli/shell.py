"""tonnage shell"""

import os
import shutil

import click

from tonnage.cli.options import inventory_option


@click.command(epilog="Example: tonnage shell -i registry.duckdb")
@inventory_option
def command(inventory: str) -> None:
    """Open an SQL prompt on the inventory: the duckdb program if it is installed, else a small one."""
    from tonnage.inventory.database import Inventory

    with Inventory(inventory):
        pass  # says what is wrong with the file before a prompt opens on it
    if program := shutil.which("duckdb"):
        os.execv(program, [program, "-readonly", inventory])
    from tonnage.cli.prompt import prompt

    prompt(inventory)
