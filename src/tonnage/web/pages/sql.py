"""The SQL page: a query in the address, its rows below it, run where it can do no harm."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup
from starlette.responses import Response, StreamingResponse

from tonnage.errors import QueryError, TonnageError
from tonnage.inventory.reports import Report
from tonnage.web import figures
from tonnage.web.asking import Ask, NotThereError
from tonnage.web.pages.report import csv_of, json_of
from tonnage.web.sandbox import Result

_EXAMPLE = """select repository, count(*) as tags_count, max(pushed_at) as last_pushed_at
from tag_usage
group by repository
order by tags_count desc"""
MOST_CHARACTERS = 20_000
_SHOWN_ROWS = 1_000
_LINE = re.compile(r"LINE (\d+):")


def sql_page(ask: Ask) -> Response:
    """Return the page, with the rows of the query in the address if there is one."""
    query = ask.query("q")[:MOST_CHARACTERS]
    form = ask.request.scope["path"].partition(".")[2]
    if form:
        return _download(ask, query, form)
    result: Result | None = None
    error: TonnageError | None = None
    if query.strip():
        try:
            result = ask.site.sandbox.run(ask.snapshot, query)
        except TonnageError as failed:
            error = failed
    else:
        ask.site.sandbox.warm(ask.snapshot)
    cells = [[cell_of(name, value) for name, value in zip(result.answer.columns, row, strict=True)]
             for row in result.answer.rows[:_SHOWN_ROWS]] if result else []  # fmt: skip
    return ask.page("sql.html", status=400 if isinstance(error, QueryError) else 200, page="sql", query=query or _EXAMPLE,
                    asked=query, result=result, error=error, cells=cells, line=_line_of(error, query),
                    tables=ask.snapshot.once("catalog", lambda: _catalog(ask)),
                    examples=[r for r in ask.site.reports().values() if r.name not in ask.site.own_reports])  # fmt: skip


def _download(ask: Ask, query: str, form: str) -> Response:
    if form not in ("csv", "json"):
        raise NotThereError(f"sql.{form}")
    answer = ask.site.sandbox.run(ask.snapshot, query).answer

    def batches() -> Iterator[tuple[list[str], list[tuple[Any, ...]]]]:
        yield answer.columns, [tuple(row) for row in answer.rows]

    write, media_type = {"csv": (csv_of, "text/csv; charset=utf-8"), "json": (json_of, "application/json")}[form]
    headers = {"Content-Disposition": f'attachment; filename="query.{form}"'}
    return StreamingResponse(write(batches()), media_type=media_type, headers=headers)


def _catalog(ask: Ask) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """Return tables, what they mean, and their columns with types and meanings."""
    with ask.snapshot.session() as session:
        tables = session.query(
            "select view_name, coalesce(comment, '') from duckdb_views() where not internal and schema_name = 'main'"
            " and database_name = current_database() order by view_name"
        ).rows
        columns = session.query(
            "select table_name, column_name, lower(data_type), coalesce(comment, '') from duckdb_columns()"
            " where schema_name = 'main' and database_name = current_database() order by table_name, column_index"
        ).rows
    return [(name, meaning, [row[1:] for row in columns if row[0] == name]) for name, meaning in tables]


def cell_of(name: str, value: Any) -> Markup:
    """Return a cell: sizes in units where the name ends so."""
    if value is None:
        return Markup("–")
    if isinstance(value, bool):
        return Markup("true" if value else "false")
    if isinstance(value, int):
        return figures.size(value) if name.endswith("_bytes") else Markup(f"{value:,}")
    if isinstance(value, float):
        return Markup(f"{value:g}")
    return Markup("<bdi>{}</bdi>").format(figures.words(value))


def _line_of(error: TonnageError | None, query: str) -> str:
    """Return the line of the query that an error speaks of."""
    found = _LINE.search(error.message) if error else None
    lines = query.splitlines()
    return lines[int(found[1]) - 1] if found and int(found[1]) <= len(lines) else ""


def with_values(report: Report, values: Mapping[str, str]) -> str:
    """Return a report's SQL with values in the place of its parameters, to be run as it is."""
    sql = report.sql
    for parameter in report.parameters:
        text = values.get(parameter.name) or parameter.default or ""
        try:
            value = parameter.parse(text) if text else ""
        except TonnageError:
            value = text
        literal = (
            "null"
            if value is None
            else str(value)
            if isinstance(value, int)
            else "'" + str(value).replace("'", "''") + "'"
        )
        sql = re.sub(rf"(?m)^-- \${parameter.name} .*\n", "", sql)
        sql = re.sub(rf"\${parameter.name}\b", lambda _, literal=literal: literal, sql)  # type: ignore[misc]
    return sql
