"""Where an inventory is in PostgreSQL: `postgresql://user@host/database?schema=name`, as libpq has it, and the schema."""

import re
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

from tonnage.errors import UsageError

SCHEMES = ("postgresql://", "postgres://")
DEFAULT_SCHEMA = "tonnage"
STORE, NEW, OLD = "_store", "_new", "_old"
"""Endings of the schemas beside an inventory's own: of its tables, of one being made, of one that was replaced."""
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,39}")
"""A name that need not be quoted, and has room for what is put behind it in the 63 bytes of a name."""


class Address(NamedTuple):
    """An inventory in PostgreSQL."""

    uri: str
    """What libpq is given; it may have a password in it."""
    schema: str

    @property
    def text(self) -> str:
        """The address for people, without a password."""
        parts = urlsplit(self.uri)
        user, at, host = parts.netloc.rpartition("@")
        netloc = f"{user.partition(':')[0]}{at}{host}"
        query = {name: value for name, value in parse_qsl(parts.query) if name != "password"}
        return _spelled(parts._replace(netloc=netloc, query=_encode(query | {"schema": self.schema})))


def is_address(place: str) -> bool:
    """Return whether a place is in PostgreSQL."""
    return place.startswith(SCHEMES)


def insist_on_file(place: str) -> None:
    """Raise UsageError for an inventory in PostgreSQL, where only a file will do."""
    if is_address(place):
        raise UsageError(
            "this needs an inventory in a file",
            f"tonnage import '{parse_address(place).text}' -i tonnage.duckdb",
        )


def parse_address(place: str) -> Address:
    """Return the address that a text spells. Raises UsageError.

    >>> parse_address("postgresql://me@db/registry?schema=prod&sslmode=require")
    Address(uri='postgresql://me@db/registry?sslmode=require', schema='prod')
    >>> parse_address("postgresql://me:secret@db/registry").text
    'postgresql://me@db/registry?schema=tonnage'
    >>> parse_address("postgresql:///registry?host=/run/postgresql").uri
    'postgresql:///registry?host=/run/postgresql'
    """
    try:
        parts = urlsplit(place)
    except ValueError as error:
        raise UsageError(f"the address of PostgreSQL cannot be read: {error}") from error
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    schema = query.pop("schema", DEFAULT_SCHEMA)
    if schema.endswith((STORE, NEW, OLD)):
        raise UsageError(
            f"`{schema}` cannot be the name of an inventory's schema",
            f"names that end in {STORE}, {NEW} or {OLD} belong to another inventory; choose one such as ?schema=prod",
        )
    if not _SCHEMA.fullmatch(schema) or schema.startswith("pg_"):
        raise UsageError(
            f"`{schema}` cannot be the name of an inventory's schema",
            "small letters, digits and _, at most 40, such as ?schema=prod",
        )
    return Address(_spelled(parts._replace(query=_encode(query))), schema)


def _spelled(parts: SplitResult) -> str:
    """Return an address with both slashes, also where no host follows them: then libpq takes that from the query."""
    return f"{parts.scheme}://{parts.netloc}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def _encode(query: dict[str, str]) -> str:
    """Return a query as libpq reads it: a blank is `%20` there, and `+` is a plus."""
    return urlencode(query, quote_via=quote, safe="/")
