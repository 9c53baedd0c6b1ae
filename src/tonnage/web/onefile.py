"""The page as one file to send to a colleague: no script, no request, all maps and the first rows of the main reports."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from markupsafe import Markup

from tonnage.errors import NotKnownError
from tonnage.inventory.reports import Report
from tonnage.web.kept import View, all_of
from tonnage.web.links import Links
from tonnage.web.pages.map import Drawn, draw, grouped
from tonnage.web.pages.overview import parts_of
from tonnage.web.pages.report import Cells
from tonnage.web.site import Site, static_files
from tonnage.web.snapshot import Snapshot
from tonnage.web.tree import Kind, Place
from tonnage.web.words import Words

REPORTS = ("repositories", "tags", "layers", "untagged", "problems")
ROWS = 100
MOST_REPOSITORIES = 5_000
MOST_BYTES = 4_500_000
"""Of the maps; all else is some ten thousand."""
_SIZE = (1220, 640)


class Anchors(Links):
    """Addresses inside the file: maps have one, all else leads nowhere."""

    def __init__(self, places: Mapping[tuple[str, str], str]) -> None:
        super().__init__()
        self.places = places

    def __call__(self, path: str = "/", **query: object) -> str:
        """Return nothing."""
        return ""

    def repository(self, name: str, **query: object) -> str:
        """Return the map of a repository."""
        return self.places.get(("repository", name), "")

    def namespace(self, name: str, **query: object) -> str:
        """Return the map of a namespace."""
        return self.places.get(("namespace", name), "")

    def tag(self, repository: str, tag: str, **query: object) -> str:
        """Return nothing."""
        return ""

    def revision(self, repository: str, digest: str, **query: object) -> str:
        """Return nothing."""
        return ""

    def layer(self, digest: str, **query: object) -> str:
        """Return nothing."""
        return ""

    def report(self, name: str, **query: object) -> str:
        """Return nothing."""
        return ""


class Section(NamedTuple):
    """A map of the file."""

    anchor: str
    place: Place
    above: str
    cells: list[Drawn]


class Rows(NamedTuple):
    """The first rows of a report."""

    report: Report
    columns: list[tuple[str, bool]]
    cells: list[list[Markup]]
    refused: NotKnownError | None
    rows_count: int


def one_file(site: Site, language: str) -> str:
    """Return the file's text. Raises TonnageError."""
    snapshot, t = site.snapshots.current, Words(language)
    if snapshot is None:
        assert site.snapshots.error is not None  # one of the two there is
        raise site.snapshots.error
    style = _style()
    sections, left_out = _sections(snapshot, t, site)
    return site.render(
        "one.html",
        t=t,
        language=language,
        snapshot=snapshot,
        style=style,
        policy=f"default-src 'none'; style-src 'sha256-{_hash(style)}'; img-src data:; base-uri 'none'; form-action 'none'",
        class_parts=parts_of(Anchors({}), snapshot),
        whole=snapshot.known_bytes,
        sections=sections,
        left_out=left_out,
        tables=list(_tables(site, snapshot, t)),
    )


def _style() -> Markup:
    """Return both style sheets as one text. They are ours, and end no element."""
    files = static_files()
    return Markup((files["tokens.css"] + files["page.css"]).decode())


def _hash(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def _sections(snapshot: Snapshot, t: Words, site: Site) -> tuple[list[Section], int]:
    """Return the maps, from the disk down, as many as there is room for; and how many repositories have none."""
    chosen, left_out = _chosen(snapshot)
    places = {(place.kind.value, place.name): f"#m{number}" for number, place in enumerate(chosen)}
    anchors = Anchors(places)
    now = snapshot.scan.finished_at
    sections = []
    for number, place in enumerate(chosen):
        above = anchors.namespace(place.namespace) if place.kind is Kind.REPOSITORY and place.namespace else "#m0"
        shown = grouped(place) if place.kind is Kind.REPOSITORY else place
        sections.append(Section(f"m{number}", place, above if number else "", draw(shown, _SIZE, anchors, t, now)))
    return sections, left_out


def _chosen(snapshot: Snapshot) -> tuple[list[Place], int]:
    """Return the places that get a map, the largest repositories first, up to about the bytes there are."""
    tree = snapshot.tree
    namespaces = sorted(tree.namespaces.values(), key=lambda place: -place.size_bytes)
    repositories = sorted(tree.repositories.values(), key=lambda place: -place.size_bytes)
    chosen, used = [tree.root], 0
    for place in [*namespaces, *repositories[:MOST_REPOSITORIES]]:
        used += 900 + 650 * min(sum(1 + len(child.children) for child in place.children), 120)
        if used > MOST_BYTES:
            break
        if place.size_bytes:
            chosen.append(place)
    with_map = sum(place.kind is Kind.REPOSITORY for place in chosen)
    return chosen, sum(place.size_bytes > 0 for place in repositories) - with_map


def _tables(site: Site, snapshot: Snapshot, t: Words) -> Iterator[Rows]:
    cells = Cells(t, None)
    for name in REPORTS:
        report = site.reports()[name]
        with snapshot.session() as session:
            try:
                table = snapshot.kept.table_of(session, report, {})
            except NotKnownError as error:
                yield Rows(report, [], [], error, 0)
                continue
            found = all_of(session, table, View(), ROWS)
            ((count,),) = session.query(f"select count(*) from {table}").rows
        kinds = [kind not in ("VARCHAR", "BOOLEAN") for kind in found.types]
        columns = [(t.column(name), is_number) for name, is_number in zip(found.columns, kinds, strict=True)]
        yield Rows(report, columns, [cells.of_row(found.columns, row) for row in found.rows], None, count)
