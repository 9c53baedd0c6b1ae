"""Tags that a registry keeps outside of its storage, from a file: one form of ours, and what Harbor's database dumps. Pure.

Harbor from 2.15 writes no tag into the storage (goharbor/harbor#22405, #22507): they are rows of its database. A dump by
`pg_dump` has them in the tables `artifact` (id, repository_name, digest) and `tag` (artifact_id, name), as Harbor's
migration 0030_2.0.0_schema.up.sql made them.
"""

import re
from collections.abc import Iterator

from tonnage.errors import UsageError
from tonnage.formats.references import parse_reference

Tags = list[tuple[str, str, str]]
"""Repository, tag and digest."""

_COPY = re.compile(r'COPY (?:"?\w+"?\.)?"?(artifact|tag)"? \(([^)]*)\) FROM stdin;\s*\Z', re.IGNORECASE)
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "\\": "\\"}


def parse_tags(text: str) -> Tags:
    """Return the tags of a file: a line `REPOSITORY:TAG@DIGEST` each, or a dump of Harbor's database. Raises UsageError."""
    if is_dump(text):
        return _of_dump(text)
    return _of_lines(text)


def _of_lines(text: str) -> Tags:
    tags = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.partition("#")[0].strip()
        if not line:
            continue
        reference = parse_reference(line)
        if reference.tag is None or reference.digest is None:
            raise UsageError(f"line {number}: `{line}` needs a tag and a digest", "write REPOSITORY:TAG@sha256:…")
        tags.append((reference.repository, reference.tag, reference.digest))
    return tags


def _of_dump(text: str) -> Tags:
    """Return the tags of a plain SQL dump. One made with `--inserts` has no rows in the form read here."""
    artifacts: dict[str, tuple[str, str]] = {}
    named: list[tuple[str, str]] = []
    seen = set()
    for table, row in _rows(text):
        seen.add(table)
        if table == "artifact" and row:
            artifacts[row["id"]] = (row["repository_name"], row["digest"])
        elif row:
            named.append((row["artifact_id"], row["name"]))
    if seen != {"artifact", "tag"}:
        missing = ", ".join(sorted({"artifact", "tag"} - seen))
        raise UsageError(
            f"the dump has no rows of Harbor's table {missing}",
            "pg_dump --data-only -t artifact -t tag registry, in plain text and without --inserts",
        )
    found = [(artifacts.get(artifact), tag) for artifact, tag in named]
    return [(of[0], tag, of[1]) for of, tag in found if of]


def artifacts_of(text: str) -> Iterator[dict[str, str]]:
    """Yield the rows of Harbor's table `artifact` in a plain SQL dump."""
    return (row for table, row in _rows(text) if table == "artifact" and row)


def is_dump(text: str) -> bool:
    """Return whether a text is what `pg_dump` writes."""
    return re.search(r"^(--\n-- PostgreSQL database|COPY [\w.\"]+ \()", text, re.MULTILINE) is not None


def _rows(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield table and row of each line of the blocks `COPY artifact` and `COPY tag`; an empty row for the block itself."""
    table, columns = "", []
    for line in text.splitlines():
        if not table:
            if match := _COPY.match(line):
                table, columns = match[1].lower(), [name.strip(' "') for name in match[2].split(",")]
                yield table, {}
        elif line == r"\.":
            table = ""
        else:
            yield table, dict(zip(columns, map(_unescape, line.split("\t")), strict=False))


def _unescape(field: str) -> str:
    """Return a field of COPY's text form."""
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), field) if "\\" in field else field
