"""An inventory written to PostgreSQL, in the place of the one that is there.

All of it is made in schemas beside those in use, which nobody looks into: tables, rows, keys, views, comments, statistics.
Then the names are exchanged, and all that is one transaction. Whoever asks sees the old inventory before its end and the
new one after it, never a part; where it ends early, by whatever, nothing of it is there.

The old schemas are dropped after that, and not in the same transaction: a query that found a view just before the
exchange may still look for the tables below it. A drop waits for its readers no longer than is too short for a deadlock;
what cannot be dropped is, with the next export.
"""

import contextlib
import time
from typing import TYPE_CHECKING, NamedTuple

from tonnage.errors import QueryError, WriteError
from tonnage.formats.quoting import identifier, literal
from tonnage.inventory.database import Inventory, known_tables
from tonnage.inventory.postgresql.address import NEW, OLD, STORE, Address, parse_address
from tonnage.inventory.postgresql.dialect import statements_of
from tonnage.inventory.postgresql.session import Session
from tonnage.inventory.rows import SCHEMA_VERSION
from tonnage.inventory.statements import statements
from tonnage.inventory.template import views_in_order
from tonnage.monitor import Monitor

if TYPE_CHECKING:
    import duckdb

_LOCK_TIMEOUT = "'400ms'"
"""Less than the second after which the server looks for a deadlock, and ends one of two, which might be the reader."""
_DROPS, _PAUSE_SECONDS = 5, 0.3
_QUOTE = "$tonnage$"
_COMMENT = f"tables of a tonnage inventory, version {SCHEMA_VERSION}"


class Written(NamedTuple):
    """What an export wrote."""

    place: str
    rows_count: int
    is_old_dropped: bool
    """Whether the inventory that was replaced is gone too; the next export drops it otherwise."""


def write_postgresql(inventory: Inventory, place: str, monitor: Monitor) -> Written:
    """Write an inventory to `postgresql://…`, in the place of the one there.

    Raises PostgresError, WriteError and QueryError; nothing is changed then.
    """
    address = parse_address(place)
    with Session(address, {"timezone": "'UTC'", "search_path": "pg_catalog"}, autocommit=False) as session:
        _claim(session, address)
        _drop(session, address.schema + OLD)  # what an export before this could not drop
        rows_count = _make(inventory, session, address, monitor)
        _exchange(session, address)
        session.commit()
    return Written(address.text, rows_count, _drop_old(address))


def _claim(session: Session, address: Address) -> None:
    """See that nobody else exports to the same place, and that nothing in it is anybody else's."""
    schema = address.schema
    [[is_free]] = session.query(
        "select pg_try_advisory_xact_lock(hashtext($name))", {"name": f"tonnage export {schema}"}
    ).rows
    if not is_free:
        raise WriteError(f"another export to `{address.text}` is under way", "wait for its end")
    for name in (place + suffix for place in (schema, schema + OLD, schema + NEW) for suffix in (STORE, "")):
        is_there = session.query(
            "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = $name", {"name": name}
        ).rows
        if is_there and not str(is_there[0][0]).startswith("tables of a tonnage inventory"):
            raise WriteError(
                f"the schema `{name}`, whose name an export needs, is not an inventory's",
                "choose another one: postgresql://…?schema=NAME",
            )
    strangers = session.query(
        statements("postgresql")["strangers"].sql, {"schema": schema, "store": schema + STORE}
    ).rows
    if strangers:
        raise WriteError(
            f"`{strangers[0][0]}` is built upon the inventory that would be replaced, and is not tonnage's",
            "drop it, and recreate it after the export; or export to another schema: postgresql://…?schema=NAME",
        )


def _make(inventory: Inventory, session: Session, address: Address, monitor: Monitor) -> int:
    """Make the whole inventory in schemas of its own. Return how many rows it has."""
    new = address.schema + NEW
    for name in (new, new + STORE):
        session.run(f"create schema {identifier(name)}")
        session.run(f"comment on schema {identifier(name)} is {literal(_COMMENT)}")
    _run_all(session, new, [table.sql for table in statements("tables").values()])
    rows_count = _fill(inventory, session, new + STORE, monitor)
    session.run(f"set local search_path = {identifier(new)}")
    _run_all(session, new, [statements("postgresql")["keys"].sql, *views_in_order()])
    for table in known_tables():
        session.run(f"analyze {identifier(new + STORE)}.{identifier(table)}")
    return rows_count


def _run_all(session: Session, schema: str, sources: list[str]) -> None:
    """Run the statements of our files as one block: each by itself, 900 of them, would be as many waits for the server."""
    found = ";\n".join(statement for sql in sources for statement in statements_of(sql, schema))
    session.run(f"do {_QUOTE} begin\n{found};\nend {_QUOTE}")


def _fill(inventory: Inventory, session: Session, store: str, monitor: Monitor) -> int:
    rows_count = 0
    monitor.begin("tables", len(known_tables()))
    for table in known_tables():
        count = inventory.query(f"select count(*) from store.{table}").rows[0][0]
        if count:
            session.copy_in(table, store, _rows(inventory.connection, table))
        rows_count += count
        monitor.advance(1)
    monitor.end()
    return rows_count


def _rows(connection: "duckdb.DuckDBPyConnection", table: str) -> "duckdb.DuckDBPyRelation":
    """Return the rows of a table with no character in them that PostgreSQL's text cannot hold: a zero stands as its sign."""
    columns = (
        f"replace({identifier(column.name)}, chr(0), '␀') as {identifier(column.name)}"
        if column.type == "VARCHAR"
        else identifier(column.name)
        for column in known_tables()[table]
    )
    return connection.sql(f"select {', '.join(columns)} from store.{identifier(table)}")


def _exchange(session: Session, address: Address) -> None:
    """Give the new schemas the grants of the old ones, and then their names."""
    schema = address.schema
    new, old = schema + NEW, schema + OLD
    names = {"old": schema, "old_store": schema + STORE, "new": new, "new_store": new + STORE}
    for (statement,) in session.query(statements("postgresql")["grants"].sql, names).rows:
        session.run(statement)
    there = {name for (name,) in session.query("select nspname from pg_namespace").rows}
    for suffix in ("", STORE):
        if schema + suffix in there:
            session.run(f"alter schema {identifier(schema + suffix)} rename to {identifier(old + suffix)}")
        session.run(f"alter schema {identifier(new + suffix)} rename to {identifier(schema + suffix)}")


def _drop_old(address: Address) -> bool:
    """Drop the inventory that was replaced, once nobody reads it. Return whether that could be done."""
    for _ in range(_DROPS):
        with contextlib.suppress(QueryError), Session(address, {}, autocommit=False) as session:
            _drop(session, address.schema + OLD)
            session.commit()
            return True
        time.sleep(_PAUSE_SECONDS)
    return False


def _drop(session: Session, schema: str) -> None:
    session.run(f"set local lock_timeout = {_LOCK_TIMEOUT}")
    for name in (schema, schema + STORE):
        session.run(f"drop schema if exists {identifier(name)} cascade")
    session.run("set local lock_timeout = 0")
