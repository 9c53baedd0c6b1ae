"""A report as a table to sort, filter and page through; and as CSV, JSON, or targets for the basket."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from markupsafe import Markup
from starlette.responses import Response, StreamingResponse

from tonnage.errors import NotKnownError
from tonnage.inventory.reports import Report
from tonnage.inventory.values import plain_value, to_csv_value
from tonnage.web import figures
from tonnage.web.asking import Ask, NotThereError
from tonnage.web.kept import PAGE_ROWS, Rows, View, all_of, page_of, stream_of
from tonnage.web.kept import columns_of as columns_in
from tonnage.web.links import Links, target_of
from tonnage.web.words import Words

_OWN_QUERY = ("q", "sort", "page", "lang", "theme")
_MEASURES = ("_bytes", "_count", "_at", "_percent")
_MONO = ("created_by", "path")
_SORTED = {"tags": "-frees_alone_bytes"}
"""How a page sorts a report whose own order is that of the command line."""
_DIGESTS = ("digest", "revision", "digests", "diff_id")


class Column(NamedTuple):
    """The head of a column."""

    name: str
    title: str
    help: str
    href: str
    """Sorts by it."""
    order: str
    """`ascending` or `descending`, if the table is sorted by it."""
    is_number: bool


class Bars(NamedTuple):
    """What the drawn column stands for: the column of the solid part, and the column of both parts together."""

    solid: str
    whole: str


def report_page(ask: Ask) -> Response:
    """Return a report: a page of it, or all of it in the form that its ending names."""
    name, _, form = ask.rest("/report/").partition(".")
    reports = ask.site.reports()
    if name not in reports:
        raise NotThereError(name)
    report, view = reports[name], view_of(ask)
    values = _values(ask, report)
    if not view.sort and report.name in _SORTED:
        view = view._replace(sort=_SORTED[report.name])
    with ask.snapshot.session() as session:
        try:
            table = ask.snapshot.kept.table_of(session, report, values)
        except NotKnownError as error:
            return _table_page(ask, report, view, values, None, error)
        keep = len(reports)
        ask.snapshot.kept.forget_some(session, keep)
        if form:
            return _all(ask, report, table, view, form)
        bars = bars_of(list(columns_in(session, table)))
        rows = page_of(session, table, view, bars.whole if bars else "")
    return _table_page(ask, report, view, values, rows, None)


def view_of(ask: Ask) -> View:
    """Return what is asked for by the address."""
    page = ask.query("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 8 else 1
    return View(ask.query("q")[:500], ask.query("sort")[:200], max(number, 1))


def _values(ask: Ask, report: Report) -> dict[str, str]:
    """Return the report's own values; empty ones are their defaults."""
    names = {parameter.name for parameter in report.parameters}
    return {name: value for name, value in ask.request.query_params.items() if name in names and value}


def _table_page(
    ask: Ask, report: Report, view: View, values: Mapping[str, str], rows: Rows | None, refused: NotKnownError | None
) -> Response:
    t = Words(ask.language)
    names = rows.table.columns if rows else []
    bars, cells = bars_of(names), Cells(t, ask.site.links)
    pages = max((rows.rows_count + PAGE_ROWS - 1) // PAGE_ROWS, 1) if rows else 1
    return ask.page(
        "report.html",
        page=report.name if report.name in ("repositories", "layers") else "reports",
        report=report,
        values=values,
        required={p.name: values[p.name] for p in report.parameters if p.default is None and p.name in values},
        view=view,
        rows=rows,
        refused=refused,
        columns=columns_of(ask, report, rows, t, view.sort) if rows else [],
        bars=bars,
        cells=[cells.of_row(names, row) for row in rows.table.rows] if rows else [],
        measures=[_measure(names, row, bars) for row in rows.table.rows] if rows and bars else [],
        targets=[target_of_row(report.name, names, row) for row in rows.table.rows] if rows else [],
        takes_targets=report.name in TARGETS,
        pages=pages,
        tabs=tabs_of(ask),
        helps=_helps(ask, report, names),
    )


def tabs_of(ask: Ask) -> list[tuple[Report, bool]]:
    """Return the reports that need no value, the operator's own last, and whether they are that."""
    own = ask.site.own_reports
    shown = [r for r in ask.site.reports().values() if all(p.default is not None for p in r.parameters)]
    return [(report, report.name in own) for report in sorted(shown, key=lambda r: (r.name in own, r.name))]


def columns_of(ask: Ask, report: Report, rows: Rows, t: Words, sort: str) -> list[Column]:
    """Return the heads."""
    helps = _helps(ask, report, rows.table.columns)
    found = []
    for name, kind in zip(rows.table.columns, rows.table.types, strict=True):
        order = {name: "ascending", f"-{name}": "descending"}.get(sort, "")
        is_number = kind not in ("VARCHAR", "BOOLEAN") and not name.endswith("_at")
        first, other = (f"-{name}", name) if is_number or name.endswith("_at") else (name, f"-{name}")
        href = ask.here(sort=other if sort == first else first, page="")
        found.append(Column(name, t.column(name), helps.get(name, ""), href, order, is_number))
    return found


def _helps(ask: Ask, report: Report, names: Sequence[str]) -> dict[str, str]:
    """Return what columns mean: as the report says, else as the views say that it reads."""
    meanings: Mapping[str, str] = ask.snapshot.once("columns", lambda: _meanings(ask))
    return {name: report.columns.get(name) or meanings.get(name, "") for name in names}


def _meanings(ask: Ask) -> dict[str, str]:
    with ask.snapshot.session() as session:
        found = session.query(
            "select column_name, min(comment) from duckdb_columns() where schema_name = 'main'"
            " and database_name = current_database() and comment is not null group by column_name"
        ).rows
    return dict(found)


def bars_of(names: Sequence[str]) -> Bars | None:
    """Return what is drawn of a row: what it alone holds and all it needs, else its first size."""
    if "stored_bytes" in names:
        solid = next((name for name in ("frees_alone_bytes", "exclusive_bytes") if name in names), "")
        if solid:
            return Bars(solid, "stored_bytes")
    first = next((name for name in names if name.endswith("_bytes")), "")
    return Bars(first, first) if first else None


def _measure(names: Sequence[str], row: Sequence[Any], bars: Bars | None) -> tuple[int, int]:
    if bars is None:
        return 0, 0
    solid, whole = (row[list(names).index(name)] or 0 for name in bars)
    return max(solid, 0), max(whole - solid, 0)


TARGETS = {"tags": ("repository", "tag"), "repositories": ("repository", ""), "untagged": ("repository", "digest")}
"""Reports whose rows can be put into the basket, and the columns that name what goes."""


def target_of_row(name: str, names: Sequence[str], row: Sequence[Any]) -> str:
    """Return what the basket takes for a row; nothing if it takes none."""
    if name not in TARGETS:
        return ""
    repository, other = TARGETS[name]
    if repository not in names or (other and other not in names):
        return ""
    values = dict(zip(names, row, strict=True))
    if other == "digest":
        return target_of(values[repository], digest=values[other])
    return target_of(values[repository], values[other] if other else None)


class Cells:
    """Makes cells of values: a link where there is something to see, else a figure or words."""

    def __init__(self, t: Words, links: Links | None) -> None:
        """Without `links` nothing leads anywhere."""
        self.t = t
        self.links = links

    def of_row(self, names: Sequence[str], row: Sequence[Any]) -> list[Markup]:
        """Return the cells of a row."""
        values = dict(zip(names, row, strict=True))
        return [self.of(name, value, values) for name, value in values.items()]

    def of(self, name: str, value: Any, row: Mapping[str, Any]) -> Markup:
        """Return a cell."""
        if value is None:
            return Markup("?") if name.endswith(_MEASURES) else Markup("–")
        if isinstance(value, bool):
            return self.t("cell.yes") if value else self.t("cell.no")
        if isinstance(value, datetime):
            return figures.day(value)
        if isinstance(value, (int, float)):
            return _number(name, value)
        text = figures.words(value)
        if name == "class":
            return figures.chip(_colour(value), self.t.get(f"class.{_colour(value)}", str(value)))
        if name in _DIGESTS and ":" in str(value):
            return Markup(" ").join(self._digest(name, digest) for digest in str(value).split())
        if name in _MONO:
            return Markup('<span class="step" title="{0}"><bdi>{0}</bdi></span>').format(text)
        href = self._href(name, value, row)
        return (
            Markup('<a href="{}"><bdi>{}</bdi></a>').format(href, text)
            if href
            else Markup("<bdi>{}</bdi>").format(text)
        )

    def _href(self, name: str, value: str, row: Mapping[str, Any]) -> str:
        if self.links is None or not value:
            return ""
        if name == "repository":
            return self.links.repository(value)
        if name == "namespace":
            return self.links.namespace(value)
        return self.links.tag(row["repository"], value) if name == "tag" and row.get("repository") else ""

    def _digest(self, name: str, digest: str) -> Markup:
        short = figures.short(digest)
        if self.links is None or name == "diff_id":
            return Markup('<span class="mono" title="{}">{}</span>').format(digest, short)
        return Markup('<a class="mono" href="{}" title="{}">{}</a>').format(self.links.layer(digest), digest, short)


def _number(name: str, value: float) -> Markup:
    if name.endswith("_percent"):
        return Markup("{} %").format(f"{value:.1f}")
    if name.endswith("_per_month"):
        return Markup(f"{value:,.2f}")
    if name.endswith("_bytes") and isinstance(value, int):
        return figures.size(value)
    return Markup(f"{value:,}") if isinstance(value, int) else Markup(f"{value:g}")


def _colour(klass: str) -> str:
    return {"tagged": "alone"}.get(klass, klass)


def _all(ask: Ask, report: Report, table: str, view: View, form: str) -> Response:
    """Return all rows. Raises NotThereError for a form that there is not."""
    if form == "txt" and report.name in TARGETS:
        with ask.snapshot.session() as session:
            rows = all_of(session, table, view)
        found = (target_of_row(report.name, rows.columns, row) for row in rows.rows)
        return Response("".join(f"{target}\n" for target in found if target), media_type="text/plain; charset=utf-8")
    if form not in _FORMS:
        raise NotThereError(f"{report.name}.{form}")
    write, media_type = _FORMS[form]
    headers = {"Content-Disposition": f'attachment; filename="{_file_name(report.name)}.{form}"'}
    return StreamingResponse(write(stream_of(ask.snapshot, table, view)), media_type=media_type, headers=headers)


def _file_name(name: str) -> str:
    return "".join(
        character if (character.isalnum() and character.isascii()) or character in "-_" else "_" for character in name
    )


Batches = Iterator[tuple[list[str], list[tuple[Any, ...]]]]


def csv_of(batches: Batches) -> Iterator[str]:
    """Yield a table as CSV, piece by piece."""
    for number, (columns, rows) in enumerate(batches):
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        if not number:
            writer.writerow(columns)
        writer.writerows([[to_csv_value(value) for value in row] for row in rows])
        yield out.getvalue()


def json_of(batches: Batches) -> Iterator[str]:
    """Yield a table as an array of objects, piece by piece."""
    separator = "[\n"
    for columns, rows in batches:
        for row in rows:
            values = {name: plain_value(value) for name, value in zip(columns, row, strict=True)}
            yield f"{separator}  {json.dumps(values, ensure_ascii=False)}"
            separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"


_FORMS = {"csv": (csv_of, "text/csv; charset=utf-8"), "json": (json_of, "application/json")}
