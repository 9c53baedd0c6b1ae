"""What of our SQL is for any database is free of DuckDB's own words, and a check finds them in an operator's report."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tonnage.errors import QueryError
from tonnage.inventory.portability import findings_in
from tonnage.inventory.portable import DUCKDB_ONLY, PORTABLE, is_portable
from tonnage.inventory.statements import statements

SQL = Path(__file__).parents[2] / "src" / "tonnage" / "inventory" / "sql"
FILES = [(folder, name) for folder in PORTABLE for name in statements(folder) if is_portable(folder, name)]
ELSEWHERE = {"catalog_postgresql", "postgresql"}
"""Folders for one other database."""
ALIEN = {
    "select arg_min(digest, size_bytes) as a from blob": "arg_min()",
    "select list(tag) as tags from tag": "list()",
    "select contains(tag, 'x') as a from tag": "contains()",
    "select any_value(tag) as a from tag": "any_value()",
    "select size_bytes // 2 as a from blob": "//",
    "select tag ilike 'x' as a from tag": "~~*",
    "select tag similar to 'x' as a from tag": "regexp_full_match()",
    "select modified_at - 3 * interval 1 day as a from blob": "interval 1 day",
    "select strftime(modified_at, '%Y') as a from blob": "strftime()",
    "select [1, 2] as a": "[…]",
    "select {'a': 1} as a": "{…}",
    "select cast(1 as hugeint) as a": "cast to hugeint",
    "select cast(1 as double) as a": "double",
    "select try_cast('1' as integer) as a": "try_cast",
    "select tag, count(*) as n from tag group by all": "group by all",
    "select tag from tag order by all": "order by all, columns(…), * exclude or * replace",
    "select * exclude (tag) from tag": "order by all, columns(…), * exclude or * replace",
    "select tag from tag qualify row_number() over () = 1": "qualify",
    "select a from (select 1 as a)": "subquery without a name",
    "select tag from tag join revision using (repository)": "join … using (…)",
    "select t.tag from tag as t semi join revision as r on r.repository = t.repository": "semi join",
    "select i from range(3) as r (i)": "range()",
    "from tag": "from without select",
    "select a from (from tag) as x": "from without select",
}
"""A query for each thing that only DuckDB reads, and how it is called."""


@pytest.mark.parametrize("file", FILES, ids="/".join)
def test_what_is_for_any_database_is(file: tuple[str, str]) -> None:
    """What runs in the real PostgreSQL too, `tests/integration/test_one_sql.py` says."""
    sql = statements(file[0])[file[1]].sql
    views = re.findall(r"^create or replace view \S+ as\n(.*?);\n", sql, re.DOTALL | re.MULTILINE)
    assert bool(views) == (file[0] == "views")
    assert [findings_in(query) for query in views or [sql]] == [[] for _ in views or [sql]]


def test_every_folder_is_for_any_database_or_not() -> None:
    """Each with its reason."""
    folders = {path.name for path in SQL.iterdir() if path.is_dir()}
    assert set(PORTABLE) | DUCKDB_ONLY.keys() | ELSEWHERE == folders
    assert not set(PORTABLE) & DUCKDB_ONLY.keys()


@pytest.mark.parametrize("sql", ALIEN)
def test_what_only_duckdb_reads_is_found(sql: str) -> None:
    """With its line, below the comments, and nothing else is."""
    [found] = findings_in(f"-- A title, with any_value( in it.\n\n{sql}\n")
    assert found.what == ALIEN[sql]
    assert found.instead
    assert found.line in (3, None)


@pytest.mark.parametrize("sql", ["select", "select 1; select 2", "-- nothing", "delete from tag"])
def test_what_is_no_query_is_refused(sql: str) -> None:
    """With the parser's words."""
    with pytest.raises(QueryError):
        findings_in(sql)
