"""Which series of the four old gauges are said: one for each tag is more than Prometheus likes. Pure.

Left out are tags that are not wanted, and of the rest what is beyond the limit. All gauges of a tag, and of a
repository, stay or go together; what stays is what is largest, which changes least from scan to scan.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tonnage.errors import UsageError
from tonnage.exporter.metrics import Rows
from tonnage.formats.targets import parse_target


class Pattern(NamedTuple):
    """A target such as `shop/*` or `*:v*`."""

    repository: re.Pattern[str]
    tag: re.Pattern[str]

    def matches(self, repository: str, tag: str) -> bool:
        """Return whether a tag is meant."""
        return bool(self.repository.fullmatch(repository) and self.tag.fullmatch(tag))


class Selection(NamedTuple):
    """Which series are wanted."""

    include: Sequence[Pattern] = ()
    """Without any, all tags are included."""
    exclude: Sequence[Pattern] = ()
    max_series: int = 0
    """Of all four gauges together; 0 is no limit."""

    def has(self, repository: str, tag: str) -> bool:
        """Return whether a tag is wanted."""
        is_included = not self.include or any(pattern.matches(repository, tag) for pattern in self.include)
        return is_included and not any(pattern.matches(repository, tag) for pattern in self.exclude)


class Selected(NamedTuple):
    """What is said of the old gauges, and how many series each lost to the limit."""

    rows: dict[str, Rows]
    dropped: dict[str, int]


def make_selection(include: Sequence[str], exclude: Sequence[str], max_series: int) -> Selection:
    """Return the selection that a person wrote. Raises UsageError."""
    return Selection([_parse(text) for text in include], [_parse(text) for text in exclude], max_series)


def _parse(text: str) -> Pattern:
    target = parse_target(text)
    if target.digest:
        raise UsageError(f"`{text}` names a digest, and tags are meant", "write REPO or REPO:TAG")
    return Pattern(re.compile(target.repository_regex), re.compile(target.tag_regex or ".*"))


def select(found: Mapping[str, Rows], selection: Selection) -> Selected:
    """Return the rows that are wanted, within the limit."""
    kept = {
        name: rows._replace(rows=[row for row in rows.rows if len(row.labels) < 2 or selection.has(*row.labels)])
        for name, rows in found.items()
    }
    chosen = _largest(kept, selection.max_series) if selection.max_series else None
    limited = {
        name: rows._replace(rows=[row for row in rows.rows if chosen is None or row.labels in chosen])
        for name, rows in kept.items()
    }
    return Selected(limited, {name: len(kept[name].rows) - len(rows.rows) for name, rows in limited.items()})


def _largest(found: Mapping[str, Rows], limit: int) -> set[tuple[str, ...]]:
    """Return the labels of as many repositories, and then tags, as fit with all their gauges."""
    values: dict[tuple[str, ...], list[float]] = {}
    for name in sorted(found, reverse=True):  # of a repository its tags come first, of a tag its bytes
        for row in found[name].rows:
            values.setdefault(row.labels, []).append(row.value)
    chosen, left = set(), limit
    for labels in sorted(values, key=lambda key: (len(key), [-value for value in values[key]], key)):
        if len(values[labels]) <= left:
            left -= len(values[labels])
            chosen.add(labels)
    return chosen
