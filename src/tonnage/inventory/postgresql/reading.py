"""An inventory in PostgreSQL, opened: asked there, or copied into a database of our own first.

What is one question, such as a report, is asked there. What works in steps, as plans and collections do, keeps its sets
in temporary tables and speaks DuckDB's dialect; for that the tables are copied, and it runs as on any inventory.
"""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tonnage.errors import InventoryVersionError, NoInventoryError, PostgresError, QueryError, TonnageError
from tonnage.formats.quoting import identifier
from tonnage.inventory.database import Inventory, Table, known_tables
from tonnage.inventory.postgresql.address import STORE, Address, parse_address
from tonnage.inventory.postgresql.session import Session
from tonnage.inventory.rows import SCHEMA_VERSION
from tonnage.inventory.statements import statements

if TYPE_CHECKING:
    import duckdb

_TRIES = 3
"""How often a copy is begun: an export that takes the place of what is copied meanwhile is not a common thing."""
_FOR_REPORTS = {"jit": "off", "enable_material": "off", "work_mem": "'64MB'"}
"""How the server answers reports fastest, measured at 188,000 blobs. To compile a plan took longer than most of them. Joins
by repository and digest are taken for far fewer rows than they have, and a few rows would be looked through one by one,
40,000 times over: without material that costs what it does, and the rows are hashed, 3 s of `untagged` in place of 38 s."""
_EXPORT = "put one there: tonnage export --to postgresql://…"


class PostgresInventory(Inventory):
    """An inventory in PostgreSQL, asked there. Nothing can be written through it."""

    catalog = "catalog_postgresql"

    def __init__(self, place: str) -> None:
        """Connect. Raises PostgresError, NoInventoryError and InventoryVersionError."""
        address = parse_address(place)
        self.path = address.text
        self._session = _session(address, autocommit=True)  # else a lock on what was asked would stay
        try:
            _check(self._session)
        except BaseException:
            self._session.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        self._session.__exit__()

    @contextlib.contextmanager
    def session(self) -> Iterator["PostgresInventory"]:
        """Yield the same: what is asked here keeps nothing between two questions."""
        yield self

    def query(self, sql: str, parameters: dict[str, Any] | None = None) -> Table:
        """Return what one statement answers there. Parameters are named `$name`. Raises QueryError."""
        return self._session.query(sql, parameters)


def copy_back(place: str, connection: "duckdb.DuckDBPyConnection", database: str) -> None:
    """Fill the empty inventory that is attached as `database` with the rows of the one at an address in PostgreSQL.

    The rows are those of one export. Raises PostgresError, NoInventoryError and InventoryVersionError.
    """
    address = parse_address(place)
    for left in reversed(range(_TRIES)):
        try:
            _copy(address, connection, database)
            return
        except _ReplacedError as error:
            if not left:
                raise PostgresError(
                    f"`{address.text}` is replaced again and again", "wait for the export to end"
                ) from error


class _ReplacedError(Exception):
    """Another export has taken the place of what was being copied."""


def _copy(address: Address, connection: "duckdb.DuckDBPyConnection", database: str) -> None:
    with _session(address, autocommit=True) as session:
        before = _check(session)
        connection.execute("begin")
        try:
            for table, columns in known_tables().items():
                names = ", ".join(identifier(column.name) for column in columns)
                sql = f"select {names} from {identifier(address.schema + STORE)}.{identifier(table)}"
                session.copy_out(sql, connection, f"{database}.store.{table}")
            after = _check(session)
        except TonnageError as error:
            connection.execute("rollback")
            if isinstance(error, QueryError) and _check(session) != before:
                raise _ReplacedError from error
            raise
        if after != before:
            connection.execute("rollback")
            raise _ReplacedError
        connection.execute("commit")


def _session(address: Address, *, autocommit: bool) -> Session:
    settings = {
        "default_transaction_read_only": "on",
        "search_path": identifier(address.schema),
        "timezone": "'UTC'",
        **_FOR_REPORTS,
    }
    return Session(address, settings, autocommit=autocommit)


def _check(session: Session) -> object:
    """Return what stands for the export that is in place now. Raises NoInventoryError and InventoryVersionError."""
    found = session.query(statements("postgresql")["generation"].sql, {"schema": session.address.schema + STORE}).rows
    if not found or found[0][1] is None:
        raise NoInventoryError(f"there is no inventory at `{session.address.text}`", _EXPORT)
    generation, version = found[0]
    if version != SCHEMA_VERSION:
        raise InventoryVersionError(session.address.text, version, SCHEMA_VERSION, "export again, with this tonnage")
    return generation
