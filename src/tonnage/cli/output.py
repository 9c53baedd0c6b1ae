"""Putting rows out: data to stdout or a file, talk to stderr."""

import shutil
import sys

from tonnage.database import Inventory, Table
from tonnage.errors import WriteError
from tonnage.render import to_csv, to_json, to_text


def width() -> int:
    """Return the columns of the terminal; 80 where there is none."""
    return shutil.get_terminal_size((80, 24)).columns


def put(text: str, output: str = "-") -> None:
    """Write text to a file or, for `-`, to stdout. Raises WriteError."""
    if output == "-":
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        with open(output, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise WriteError(f"cannot write `{output}`: {error.strerror}") from error


def talk(text: str) -> None:
    """Say something to the person, not to the pipe."""
    print(text, file=sys.stderr)


def put_table(table: Table, form: str | None, output: str, limit: int) -> None:
    """Put out the first `limit` rows (0: all) as text, JSON or CSV; say on stderr if there are more."""
    shown = table if limit == 0 else table._replace(rows=table.rows[:limit])
    match form:
        case "json":
            text = to_json(shown)
        case "csv":
            text = to_csv(shown)
        case _:
            text = to_text(shown, width()) if shown.rows else ""
    put(text, output)
    if len(shown.rows) < len(table.rows):
        talk(f"{len(shown.rows):,} of {len(table.rows):,} rows; --limit 0 shows all")
    elif form is None and not table.rows:
        talk("nothing found")


def show_card(path: str) -> None:
    """Print the card of an inventory."""
    from tonnage.card import card

    with Inventory(path) as inventory:
        put(card(inventory, width()))
