"""What is known of the digests that links of a few repositories hold, where the collector is followed step by step."""

from collections.abc import Callable
from typing import Any, NamedTuple

from tonnage.formats.names import is_digest


class Manifest(NamedTuple):
    """What a manifest refers to, in the order in which the collector follows."""

    references: list[str]
    refused_by: dict[int, str | None]
    """Why the collector of a version stops on it, None where it does not."""


class _Known(NamedTuple):
    has_blob: bool
    rank: int | None
    """That of the first repository without oddities that marks it; None where none does."""


class Near:
    """Facts of some digests; others are asked for one by one. `run` runs a statement of sql/gc."""

    def __init__(self, run: Callable[..., list[tuple[Any, ...]]]) -> None:
        self._run = run
        self._known: dict[str, _Known] = {}
        self._manifests: dict[str, Manifest] = {}

    def come(self, first: int, last: int) -> None:
        """Learn of the digests in the links of the repositories from `first` to `last` in gc_walk, and no others."""
        self._known.clear()
        self._manifests.clear()
        self._run("gc_near")
        self._run("add_near", first_rank=first, last_rank=last)
        self._read()

    def is_blob(self, digest: str) -> bool:
        """Return whether there is a blob at the place that the digest gives it."""
        return is_digest(digest) and self._of(digest).has_blob

    def manifest_of(self, digest: str) -> Manifest | None:
        """Return what a blob refers to; None where it was not read."""
        self._of(digest)
        return self._manifests.get(digest)

    def rank_of(self, digest: str) -> int | None:
        """Return the rank of the first repository without oddities that marks a digest."""
        return self._of(digest).rank

    def _of(self, digest: str) -> _Known:
        if digest not in self._known:
            self._run("gc_near")
            self._run("add_near_digest", digest=digest)
            self._read()
            self._known.setdefault(digest, _Known(has_blob=False, rank=None))
        return self._known[digest]

    def _read(self) -> None:
        """Add what is known of the digests in gc_near, and of what they refer to."""
        self._known.update((digest, _Known(*known)) for digest, *known in self._run("near"))
        self._manifests.update((digest, _manifest(*known)) for digest, *known in self._run("near_manifests"))


def _manifest(
    lacks_config: bool, children: list[str] | None, refused_by_2: str | None, refused_by_3: str | None
) -> Manifest:
    references = list(children or ())
    if lacks_config:
        references.insert(0, "")  # what Go reads as the config's digest where there is no config
    return Manifest(references, {2: refused_by_2, 3: refused_by_3})
