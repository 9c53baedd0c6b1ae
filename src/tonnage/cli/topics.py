"""What `tonnage help TOPIC` says: what holds for many commands, and would make the help of each too long."""

import textwrap
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tonnage.cli.options import SETTINGS
from tonnage.errors import EXIT_CODES

_WIDTH = 78


class Topic(NamedTuple):
    """A topic: the line by which it is listed, and its text."""

    title: str
    text: Callable[[], str]


def listed(meanings: Mapping[Any, str], width: int = _WIDTH) -> str:
    """Return names with their meanings, aligned, a paragraph each."""
    widest = max(len(str(name)) for name in meanings)
    lines = [
        textwrap.fill(f"{name!s:{widest}}  {meaning}", width, subsequent_indent=" " * (widest + 2))
        for name, meaning in meanings.items()
    ]
    return "\n".join(lines) + "\n"


def _commands() -> str:
    from tonnage.cli import COMMANDS

    return listed(COMMANDS)


def _reports() -> str:
    from tonnage.cli.reports import all_reports

    return listed({name: report.question for name, report in all_reports().items()})


_TARGETS = """\
What is to go, or asked about, is written as

REPO         the whole repository
REPO:TAG     a tag; its image goes too if no other tag leads to it
REPO@DIGEST  a revision, with every tag on it
DIGEST       a revision in every repository that has it

Repository and tag may be globs: * is any characters, slashes too, ? is one,
and [a-c] is one of these. A digest is taken as reports print it: cut, and with
or without `sha256:`. The beginning of several is refused.

  tonnage what-if 'team-a/*:pr-*' ml/notebook@dcf91655faff
"""
_POLICY = """\
A policy is a file of rules in TOML. The first rule whose repositories fit is
the one that holds; a repository that none names is left alone. Tags that no
`keep_...` names may go.

  [[rule]]
  repositories = ["team-a/*"]
  keep_last = 10
  keep_newer_than = "90d"
  keep_used_within = "90d"
  keep_tags = ["v*", "latest"]

  tonnage plan --policy policy.toml

All keys: docs/how-to/write-a-policy.md
"""
_FORMATS = """\
Rows are put out as --format says, else as the file of -o ends, else as a table.

table       for people; on a terminal it fits, elsewhere it is whole
json jsonl  an array of objects, or an object a line; exact integers, UTC times
csv tsv     with a line of names; what is unknown is empty
md html     for issues, wikis and mails: what the screen shows, whole
parquet     for other databases, with the types of the columns
xlsx        for Excel; no text is ever a formula

  tonnage tags --where "stored_bytes > 1e9" --sort -pushed_at -o tags.xlsx
"""

TOPICS = {
    "commands": Topic("All commands that are not reports.", _commands),
    "reports": Topic("All reports, your own included.", _reports),
    "targets": Topic("How repositories, tags and revisions are named.", lambda: _TARGETS),
    "formats": Topic("What rows can be put out as.", lambda: _FORMATS),
    "policy": Topic("How a file says what is kept.", lambda: _POLICY),
    "environment": Topic("Variables that are read.", lambda: listed(SETTINGS)),
    "exit-codes": Topic("What each exit code means.", lambda: listed(EXIT_CODES)),
}
"""By name, in the order they are listed."""
