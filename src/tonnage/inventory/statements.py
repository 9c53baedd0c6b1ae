"""The statements of SQL that ship with tonnage: one object or one statement a file, in `sql/*/*.sql`."""

from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Statement(NamedTuple):
    """One .sql file."""

    name: str
    sql: str

    @property
    def title(self) -> str:
        """What a row is: the first line of the file."""
        return self.sql.partition("\n")[0].removeprefix("--").strip()


@cache
def statements(folder: str) -> dict[str, Statement]:
    """Return the statements of one folder below `sql/`, by name."""
    found = sorted(
        (f for f in files(__package__).joinpath("sql", folder).iterdir() if f.name.endswith(".sql")), key=str
    )
    return {f.name[:-4]: Statement(f.name[:-4], f.read_text(encoding="utf-8")) for f in found}
