"""The statements of SQL that ship with tonnage: one object or one statement a file, in `sql/*/*.sql`."""

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import duckdb

_NEEDS = re.compile(r"^-- Only where there is: (.+)$", re.MULTILINE)


class Statement(NamedTuple):
    """One .sql file."""

    name: str
    sql: str

    @property
    def title(self) -> str:
        """What a row is: the first line of the file."""
        return self.sql.partition("\n")[0].removeprefix("--").strip()

    @property
    def needs(self) -> str | None:
        """What there must be for it to change anything, as it stands after `from`, if its header says so."""
        found = _NEEDS.search(self.sql)
        return found[1] if found else None


@cache
def statements(folder: str) -> dict[str, Statement]:
    """Return the statements of one folder below `sql/`, by name."""
    found = sorted(
        (f for f in files(__package__).joinpath("sql", folder).iterdir() if f.name.endswith(".sql")), key=str
    )
    return {f.name[:-4]: Statement(f.name[:-4], f.read_text(encoding="utf-8")) for f in found}


def execute_where_needed(
    connection: "duckdb.DuckDBPyConnection", statement: Statement, values: dict[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    """Return what a statement answers, nothing where it would change nothing and is skipped.

    To ask for what it needs takes a tenth of planning it.
    """
    if statement.needs and not connection.execute(f"select 1 from {statement.needs} limit 1").fetchall():
        return []
    return connection.execute(statement.sql, values).fetchall()
