"""Values of an answer as JSON and CSV have them, and a whole answer as a query again. Pure."""

import json
import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from tonnage.formats.quoting import identifier, literal
from tonnage.inventory.database import Table

_EXACT = ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "UBIGINT", "UINTEGER", "USMALLINT", "UTINYINT", "DOUBLE", "FLOAT",
          "BOOLEAN", "VARCHAR", "TIMESTAMP", "DATE")  # fmt: skip
"""Types that stay what they are in an answer that is asked again; the others become text, as in CSV."""


_PLAIN = frozenset({str, int, bool, type(None)})
"""Types that are in JSON what they are here; nearly all values are of one, and there may be millions."""


def plain_value(value: Any) -> Any:
    """Return a value as JSON has it; what is not a number is unknown."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        value = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return value.isoformat(timespec="seconds") + "Z"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (list, tuple)):
        return [plain_value(inner) for inner in value]
    if isinstance(value, dict):
        return {str(name): plain_value(inner) for name, inner in value.items()}
    return value if isinstance(value, (str, int)) else str(value)


def to_csv_value(value: Any) -> Any:
    """Return a value as databases read it: true and false are words there, and not Python's."""
    if isinstance(value, bool):
        return str(value).lower()
    plain = plain_value(value)
    if isinstance(plain, (list, dict)):
        return json.dumps(plain, ensure_ascii=False)
    return "" if plain is None else plain


def as_query(table: Table) -> tuple[str, dict[str, Any]]:
    """Return SQL, with its parameters, that yields the rows of an answer, in their order and with their types.

    Rows come as one text: thousands of parameters would take seconds. In it a column has its number for a name, as an
    answer may have one name twice, and a struct may not.
    """
    kinds = [_kind(type_, (row[at] for row in table.rows)) for at, type_ in enumerate(table.types)]
    numbers = [str(number) for number in range(len(kinds))]
    structure = json.dumps([dict(zip(numbers, kinds, strict=True))])
    rows = [dict(zip(numbers, map(_exact_or_text, kinds, row), strict=True)) for row in table.rows]
    columns = ", ".join(
        f"found.line.{identifier(number)} as {identifier(name)}"
        for number, name in zip(numbers, table.columns, strict=True)
    )
    sql = f"select {columns} from (select unnest(from_json($rows, {literal(structure)})) as line) as found"
    return sql, {"rows": json.dumps(rows)}


def _kind(type_: str, values: Iterable[Any]) -> str:
    """Return the type of a column: a sum is wider than what it adds up, and as narrow where all of it fits."""
    if type_ == "HUGEINT" and all(value is None or abs(value) < 2**63 for value in values):
        return "BIGINT"
    return type_ if type_ in _EXACT else "VARCHAR"


def _exact_or_text(kind: str, value: Any) -> Any:
    plain = plain_value(value)
    if kind != "VARCHAR" or plain is None or isinstance(plain, str):
        return plain
    return str(to_csv_value(value))
