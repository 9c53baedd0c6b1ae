"""A connection to PostgreSQL through ADBC, which speaks Arrow to the server and to DuckDB alike."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tonnage.errors import PostgresError, QueryError, TonnageError
from tonnage.extras import how_to_add
from tonnage.formats.quoting import identifier
from tonnage.inventory.database import Table, connect
from tonnage.inventory.postgresql.address import Address
from tonnage.inventory.postgresql.dialect import to_postgresql

if TYPE_CHECKING:
    import duckdb

_SERVER = re.compile(r"(?:ERROR|FATAL): +(.+)")
_STATE = re.compile(r"SQLSTATE: (\w{5})")
_NO_CONNECTION = ("08", "28", "3D", "57P")
"""What the states begin with that tell of the connection, the login and the database's name, and not of the query."""


class Session:
    """A connection. Use as a context manager; without `autocommit` all is one transaction, undone unless committed."""

    def __init__(self, address: Address, settings: Mapping[str, str], *, autocommit: bool) -> None:
        """Connect, and make `settings` of the server for this session. Raises PostgresError."""
        dbapi = _driver()
        self.address = address
        try:
            self._connection = dbapi.connect(address.uri, autocommit=autocommit)
        except dbapi.Error as error:
            raise PostgresError(f"cannot connect to `{address.text}`: {_said(error)}") from error
        self._errors: type[Exception] = dbapi.Error
        self._duckdb = connect()
        try:
            for name, value in settings.items():
                self.run(f"set {name} = {value}")
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._duckdb.close()

    def commit(self) -> None:
        """Keep what was done."""
        try:
            self._connection.commit()
        except self._errors as error:
            raise self._ours(error) from error

    def run(self, sql: str) -> None:
        """Run one statement, whose rows nobody wants."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql)
        except self._errors as error:
            raise self._ours(error) from error

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Table:
        """Return what one statement of ours or an operator's answers. Parameters are named `$name`. Raises QueryError."""
        values = {name: value for name, value in (parameters or {}).items() if value is not None}
        nulls = {name for name in to_postgresql(sql, self.address.schema).names if name not in values}
        bound = to_postgresql(sql, self.address.schema, nulls)
        if not bound.sql.strip():
            raise QueryError("there is no SQL in the query")
        given = {name: values[name] for name in bound.names}
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(bound.sql, self._row(given) if given else None)
                return _table(self._duckdb, cursor.fetch_arrow())
        except self._errors as error:
            raise self._ours(error) from error

    def _row(self, values: Mapping[str, Any]) -> "duckdb.DuckDBPyRelation":
        """Return the values of parameters as one row, which the driver reads as Arrow."""
        columns = ", ".join(f"${name} as {identifier(name)}" for name in values)
        return self._duckdb.sql(f"select {columns}", params=dict(values))

    def copy_in(self, table: str, schema: str, rows: "duckdb.DuckDBPyRelation") -> None:
        """Append rows to a table, in one COPY."""
        try:
            with self._connection.cursor() as cursor:
                cursor.adbc_ingest(table, rows, mode="append", db_schema_name=schema)
        except self._errors as error:
            raise self._ours(error) from error

    def copy_out(self, sql: str, connection: "duckdb.DuckDBPyConnection", into: str) -> None:
        """Insert what a statement answers into a table of DuckDB, as it comes."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql)
                connection.from_arrow(_reader(cursor.fetch_arrow())).insert_into(into)
        except self._errors as error:
            raise self._ours(error) from error

    def _ours(self, error: Exception) -> TonnageError:
        state = _STATE.search(str(error))
        if state and state[1].startswith(_NO_CONNECTION):
            return PostgresError(f"`{self.address.text}`: {_said(error)}")
        return QueryError(_said(error))


def _driver() -> Any:
    try:
        from adbc_driver_postgresql import dbapi
    except ImportError as error:
        raise PostgresError("PostgreSQL needs a driver that is not installed", how_to_add("postgresql")) from error
    return dbapi


def _said(error: Exception) -> str:
    """Return what the server said, without the driver's words about it and without the query."""
    text = str(error)
    found = _SERVER.search(text)
    return found[1].strip() if found else text.partition("\n")[0]


def _reader(handle: Any) -> Any:
    from arro3.core import RecordBatchReader

    return RecordBatchReader.from_stream(handle)


def _table(connection: "duckdb.DuckDBPyConnection", handle: Any) -> Table:
    """Return rows as DuckDB makes them of Arrow, so that types and values are those that it would answer itself."""
    read = _reader(handle).read_all()
    relation = connection.from_arrow(read)
    columns, types, rows = list(relation.columns), [str(type_) for type_ in relation.types], relation.fetchall()
    numeric = [number for number, field in enumerate(read.schema) if _is_numeric(field)]
    return _with_numbers(Table(columns, types, rows), numeric) if numeric else Table(columns, types, rows)


def _is_numeric(field: Any) -> bool:
    """Return whether a column is `numeric`, which the driver hands over as text."""
    metadata = field.metadata_str
    return metadata.get("ARROW:extension:name") == "arrow.opaque" and '"numeric"' in metadata.get(
        "ARROW:extension:metadata", ""
    )


def _with_numbers(table: Table, columns: Sequence[int]) -> Table:
    """Return a table with numbers in place of the texts of some columns: whole ones where all of a column are."""
    made = {}
    types = list(table.types)
    for column in columns:
        texts = [row[column] for row in table.rows]
        is_whole = all(text is None or text.lstrip("-").isdigit() for text in texts)
        types[column] = "HUGEINT" if is_whole else "DOUBLE"
        number = int if is_whole else float
        made[column] = [None if text is None else number(text) for text in texts]
    rows = [
        tuple(made[column][number] if column in made else value for column, value in enumerate(row))
        for number, row in enumerate(table.rows)
    ]
    return Table(table.columns, types, rows)
