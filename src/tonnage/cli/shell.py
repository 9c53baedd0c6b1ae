"""tonnage shell"""

import os
import shutil
import subprocess

import click

from tonnage.cli.options import inventory_option

_OPTIONS = ("-readonly", "-safe", "-init", os.devnull)
"""What the duckdb program is started with. The file may be anybody's: in its safe mode a view of it reaches no other file
and runs no program. Its start file could undo that, or be the one of whoever owns the folder.
"""


@click.command(epilog="Example: tonnage shell -i registry.duckdb")
@inventory_option
def command(inventory: str) -> None:
    """Open an SQL prompt on the inventory: the duckdb program in its safe mode if it has one, else a small one."""
    from tonnage.inventory.database import Inventory
    from tonnage.inventory.postgresql.address import insist_on_file

    insist_on_file(inventory)
    with Inventory(inventory):
        pass  # says what is wrong with the file before a prompt opens on it
    program = shutil.which("duckdb")
    if program and _opens_safely(program, inventory):
        os.execv(program, [program, *_OPTIONS, inventory])
    from tonnage.cli.prompt import prompt

    prompt(inventory)


def _opens_safely(program: str, inventory: str) -> bool:
    """Return whether the program has a safe mode that works; those older than 1.2 have none, and that of 1.5.6 fails."""
    done = subprocess.run([program, *_OPTIONS, inventory, "select 1"], capture_output=True, stdin=subprocess.DEVNULL)
    return done.returncode == 0 and b"rror" not in done.stderr
