"""A small SQL prompt with completion, for machines without the duckdb program."""

from tonnage.cli.output import look, put, talk, width
from tonnage.cli.streams import Content
from tonnage.errors import TonnageError
from tonnage.inventory.database import Inventory
from tonnage.show.render import to_text


def prompt(path: str) -> None:
    """Read statements until the end of input, and print what they answer."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter

    with Inventory(path) as inventory:
        session: PromptSession[str] = PromptSession("tonnage> ", completer=WordCompleter(_words(inventory)))
        talk("SQL, a statement a line; tables: `from duckdb_views()`. Ctrl-D ends.")
        while True:
            try:
                statement = session.prompt().strip()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return
            if statement:
                _answer(inventory, statement)


def _answer(inventory: Inventory, statement: str) -> None:
    try:
        put(to_text(inventory.query(statement), width(), look()), content=Content.PEOPLE)
    except TonnageError as error:
        talk(error.message)


def _words(inventory: Inventory) -> list[str]:
    """Return what completion offers: SQL's own words, and the names of tables, views and columns."""
    found = inventory.query(
        "select keyword_name from duckdb_keywords()"
        " union select unnest([table_name, column_name]) from duckdb_columns()"
        " where schema_name = 'main' and database_name = current_database()"
    )
    return sorted(row[0] for row in found.rows)
