"""An inventory that lies elsewhere, brought back into a file."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tonnage.errors import UsageError, WriteError
from tonnage.files import replacing
from tonnage.formats.quoting import identifier, literal
from tonnage.inventory.database import Inventory, connect, known_tables
from tonnage.inventory.parquet import is_folder, prefix_of, read_file
from tonnage.inventory.postgresql.address import is_address
from tonnage.inventory.template import OPTIONS, make_empty

if TYPE_CHECKING:
    import duckdb


def bring_back(place: str, target: Path) -> None:
    """Make an inventory at `target`, where there is none yet, of the one at `place`: all of it, or nothing.

    Raises WriteError, and what opening the one at `place` raises.
    """
    if not is_address(place) and not is_folder(place):
        raise UsageError(f"`{place}` is not an inventory that was exported", "name a folder, or postgresql://…")
    if os.path.lexists(target):
        raise WriteError(f"`{target}` exists", "choose another place with -i, or remove it")
    with replacing(target) as new:
        copy_to_file(place, new)
    with Inventory(str(target)):
        pass  # says whether it is one


def copy_to_file(place: str, new: Path) -> None:
    """Make an inventory at `new`, where there is no file, with the rows of the one at `place`. Raises TonnageError."""
    with connect() as connection:
        make_empty(new, connection)
        connection.execute(f"attach {literal(str(new))} as inventory ({OPTIONS})")
        if is_address(place):
            from tonnage.inventory.postgresql.reading import copy_back

            copy_back(place, connection, "inventory")
        else:
            _copy_folder(place, connection)
        connection.execute("detach inventory")


def _copy_folder(place: str, connection: "duckdb.DuckDBPyConnection") -> None:
    with Inventory(place):
        pass  # says what is wrong with it
    connection.execute("begin")
    for table, columns in known_tables().items():
        names = ", ".join(identifier(column.name) for column in columns)
        source = read_file(f"{prefix_of(place)}{table}.parquet")
        connection.execute(f"insert into inventory.store.{identifier(table)} select {names} from {source}")
    connection.execute("commit")
