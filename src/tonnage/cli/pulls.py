"""--pulls-from: logs, notifications and Harbor, read before a scan that adds them to the inventory."""

import gzip
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from tonnage.errors import UsageError, reason_of
from tonnage.formats.pulls import Line, parse_artifact, parse_line
from tonnage.scan.pulls import Pulls

_LINE_LIMIT = 1_048_576
"""Longer ones are in no form that is known: an envelope of notifications has about a KiB an event."""
_HARBOR_FORMS = (b"[", b"--", b"COPY", b"SET ")
Read = Iterator[tuple[bytes, Line | None]]


def read_pulls(places: Iterable[str], now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Pulls | None:
    """Return what the files say, None without any. A place may be a file, plain or gzip; `-`; or Harbor's URL.

    Raises UsageError for what cannot be read, and for a file no line of which is in a known form; RegistryError.
    """
    pulls = Pulls()
    for place in places:
        if place.startswith(("http://", "https://")):
            file = pulls.add_file(place, _of_harbor(place, now()))
        else:
            try:
                with _opened(place) as opened:
                    file = pulls.add_file(place, _of_file(opened, now()))
            except (OSError, EOFError) as error:
                raise UsageError(f"cannot read `{place}`: {reason_of(error)}") from error
        if file.unknown_count and not file.sources:
            raise UsageError(
                f"`{place}` has no line in a form that is known",
                "give a registry's, nginx' or traefik's access log, notification events, an S3 log, or Harbor's database",
            )
    return pulls if pulls.files else None


def _opened(place: str) -> Any:
    """Return a file opened for reading, unpacked if it is packed. Raises OSError."""
    if place == "-":
        return _unpacked(sys.stdin.buffer)
    return _unpacked(Path(place).open("rb"))  # closed by who reads it


def _unpacked(opened: Any) -> Any:
    return gzip.open(opened) if opened.peek(2)[:2] == b"\x1f\x8b" else opened


def _of_file(opened: IO[bytes], now: datetime) -> Read:
    first = opened.readline(_LINE_LIMIT)
    if first.startswith(_HARBOR_FORMS):
        yield from _of_saved(first + opened.read(), now)
        return
    for raw in _lines(first, opened):
        if text := raw.decode("utf-8", "replace").strip():
            yield raw, parse_line(text)


def _lines(first: bytes, opened: IO[bytes]) -> Iterator[bytes]:
    raw = first
    while raw:
        yield raw
        raw = opened.readline(_LINE_LIMIT)


def _of_saved(content: bytes, now: datetime) -> Read:
    """Yield what a dump of Harbor's database, or a saved answer of its API, says."""
    import msgspec

    from tonnage.formats.tag_sources import artifacts_of, is_dump

    text = content.decode("utf-8", "replace")
    if is_dump(text):
        return _of_artifacts((("", row) for row in artifacts_of(text)), now)
    try:
        found = msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return iter([(content, None)])
    return _of_artifacts((("", row) for row in found if isinstance(row, dict)), now)


def _of_harbor(url: str, now: datetime) -> Read:
    from tonnage.registry.harbor import read_harbor_artifacts

    return _of_artifacts(read_harbor_artifacts(url), now)


def _of_artifacts(artifacts: Iterable[tuple[str, Mapping[str, Any]]], now: datetime) -> Read:
    """Yield each artifact's last pull. Harbor knows of all there ever were, so what it does not know was none."""
    yield b"", Line("harbor", 0)
    yield b"", Line("harbor", int(now.timestamp() * 1_000_000))
    for repository, artifact in artifacts:
        pull = parse_artifact(artifact, repository)
        yield b"", Line("harbor", pull.at_us, (pull,)) if pull else Line("harbor", 0)
