"""What all pages share: the snapshot of the moment, its surroundings, and how a template becomes an answer."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import jinja2

from tonnage import __version__
from tonnage.inventory.pace import Volume
from tonnage.inventory.reports import Report
from tonnage.sizes import format_size
from tonnage.web import figures
from tonnage.web.links import Links, target_of
from tonnage.web.snapshot import Snapshot
from tonnage.web.snapshots import Snapshots

if TYPE_CHECKING:
    from tonnage.layers.listing import Listing
    from tonnage.web.sandbox import Sandbox
    from tonnage.web.solver import Solver


class Scanning(NamedTuple):
    """How the scans go, where this process scans."""

    is_running: bool = False
    failure: str = ""
    """Why the last one failed."""
    files_count: int | None = None
    """Files seen by the one that runs."""
    interval_seconds: float | None = None


class Rules(NamedTuple):
    """What of a plan is given by whoever starts the server, as text: it is handed to child processes too."""

    policy: str = ""
    in_use: str = ""
    registry_version: int = 2


class ListFiles(Protocol):
    """Lists the largest files in a layer. Raises TonnageError."""

    def __call__(self, digest: str) -> "Listing":
        """Return what is in a blob."""


@dataclass
class Site:
    """What all pages share."""

    snapshots: Snapshots
    reports: Callable[[], Mapping[str, Report]]
    links: Links
    sandbox: "Sandbox"
    solver: "Solver"
    scanning: Callable[[], Scanning | None] = lambda: None
    """None where this process does not scan."""
    volume: Callable[[], Volume | None] = lambda: None
    list_files: ListFiles | None = None
    """None where the storage is not at hand."""
    rules: Rules = field(default_factory=Rules)
    metrics_path: str = ""
    """Empty where there are none."""
    own_reports: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def templates(self) -> jinja2.Environment:
        """The templates, with what all of them may use."""
        from tonnage.web.pages.sql import with_values

        environment = jinja2.Environment(
            loader=jinja2.PackageLoader("tonnage.web"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
        )
        environment.lstrip_blocks = True
        shown = {
            name: getattr(figures, name)
            for name in ("size", "share", "percent", "count", "day", "minute", "short", "words")
        }
        environment.globals.update(
            **shown,
            size_text=format_size,
            navigation=NAVIGATION,
            url=self.links,
            target_of=target_of,
            sql_with_values=with_values,
            version=__version__,
            site=self,
        )
        return environment

    def compile(self) -> None:
        """Compile all templates now, so that nobody waits for one at its first page."""
        for name in self.templates.list_templates():
            self.templates.get_template(name)

    def render(self, template: str, **values: Any) -> str:
        """Return a page's text."""
        return self.templates.get_template(template).render(**values)


class State(NamedTuple):
    """How fresh the figures are: the chip at the top of the overview."""

    shape: str
    """dot, ring, square, diamond."""
    key: str
    values: Mapping[str, Any]


def state_of(snapshot: Snapshot, scanning: Scanning | None, age_seconds: float) -> State:
    """Return the state of the scans. Old is more than three intervals, or a day for a file that nobody scans again."""
    at = figures.minute(snapshot.scan.finished_at)
    if scanning is not None and scanning.failure:
        return State("diamond", "state.failed", {"reason": scanning.failure, "at": at})
    if scanning is not None and scanning.is_running:
        return State("ring", "state.running", {"at": at})
    interval = scanning.interval_seconds if scanning is not None else None
    if age_seconds > (3 * interval if interval else 86_400):
        return State(
            "square",
            *_age(age_seconds),
        )
    return State("dot", "state.fresh", {"at": at})


def _age(seconds: float) -> tuple[str, dict[str, int]]:
    for key, unit in (("state.days", 86_400), ("state.hours", 3_600)):
        if seconds >= 2 * unit or (unit == 3_600 and seconds >= unit):
            return key, {"n": int(seconds // unit)}
    return "state.minutes", {"n": max(int(seconds // 60), 1)}


@cache
def static_files() -> Mapping[str, bytes]:
    """Return the files of the folder `static`, by name, without indentation and comments of a line."""
    found = (entry for entry in files("tonnage.web").joinpath("static").iterdir() if "." in entry.name)
    return {entry.name: _dense(entry.read_bytes()) for entry in found}


def _dense(content: bytes) -> bytes:
    lines = (line.strip() for line in content.splitlines())
    return b"\n".join(line for line in lines if line and not line.startswith(b"//"))


@cache
def static_version() -> str:
    """Return what changes with any of these files."""
    return hashlib.sha256(b"".join(content for _, content in sorted(static_files().items()))).hexdigest()[:12]


NAVIGATION: Sequence[tuple[str, str, str]] = (
    ("overview", "/", ""),
    ("map", "/map", ""),
    ("repositories", "", "repositories"),
    ("layers", "", "layers"),
    ("reports", "", "tags"),
    ("free", "/free", ""),
    ("sql", "/sql", ""),
)
"""Pages in the top bar: name, path, or the report that it is."""
