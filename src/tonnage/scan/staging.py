"""The read half in pieces, for whoever spreads them over machines: keys or digests in, staged rows out.

`place_keys` says to which part each row of a table of keys belongs, in any pieces. To be staged, the table is sorted by
part and path; a piece is a stretch of it in which no part is cut in two, or any digests of manifests or configurations.
Pieces know nothing of each other and nothing of a database: a process that has only these functions and the way to the
storage can do one, and do it again with the same outcome if it was lost.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import groupby
from typing import NamedTuple

from tonnage.formats.layout import blob_path
from tonnage.scan.columns import Packed, in_part, pack
from tonnage.scan.fingerprints import fingerprint_of
from tonnage.scan.listing import rows_of
from tonnage.scan.threads import ThreadCrew
from tonnage.scan.workers import PARTS_PER_TASK, PartToList, Result, Task, reading_tasks, run
from tonnage.storage import OLD_VERSIONS, OPEN_ALL, OPEN_NONE, Entry, Keys, Storage, Type
from tonnage.storage.bucket.listing import part_of
from tonnage.storage.bucket.odd_keys import is_odd
from tonnage.storage.report_keys import NO_UPLOADS, OLD_VERSIONS_TOO

_KEYS_PER_TASK = 10_000
_ORDER = (Type.FILE, Type.ODD_KEY, Type.NOT_TOLD, Type.VERSIONED, Type.OLD_VERSION)
"""In which order a listing tells what lies outside of all parts."""


class FoundKeys(NamedTuple):
    """Some rows of a table of keys as it is found: paths below the registry's root, in any order."""

    keys: Keys
    are_old: list[bool]
    """Whether each is a version that was deleted or overwritten."""


class SortedKeys(NamedTuple):
    """Some rows of the table of keys with the parts they belong to. To be sorted by part and path before it is staged."""

    parts: list[str]
    types: list[str]
    details: list[str]
    keys: Keys


class Staged(NamedTuple):
    """Rows of several types, and how parts were found."""

    rows: Packed
    parts: Sequence[str]
    """The prefixes of parts by the numbers that the rows have."""
    found: list[tuple[str | None, bytes | None, int]]
    """Prefix and fingerprint of a part with its number of files; neither, and the number of files that were read."""


def place_keys(pages: Iterable[FoundKeys]) -> Iterator[SortedKeys]:
    """Yield keys with the parts they belong to, as a listing would have it, and what is to be noted of the storage.

    Empty objects that stand for folders are left out.
    """
    has_old = False
    for page in pages:
        if any(page.are_old) and not has_old:
            has_old = True
            yield _note(Type.VERSIONED, OLD_VERSIONS_TOO)
        paths, sizes, _, _ = page.keys
        kept = [at for at, path in enumerate(paths) if sizes[at] or (path and not path.endswith("/"))]
        places = [_place_of(paths[at], page.are_old[at]) for at in kept]
        parts, types = [part for part, _ in places], [type_.value for _, type_ in places]
        yield SortedKeys(parts, types, [""] * len(kept), page.keys.choose(kept))
    yield _note(Type.NOT_TOLD, NO_UPLOADS)


def _place_of(path: str, is_old: bool) -> tuple[str, Type]:
    part = part_of(path)
    if is_old:
        return (f"{OLD_VERSIONS}{part}", Type.FILE) if part else ("", Type.OLD_VERSION)
    return ("", Type.ODD_KEY) if is_odd(path) else (part, Type.FILE)


def _note(type_: Type, detail: str) -> SortedKeys:
    return SortedKeys([""], [type_.value], [detail], Keys([""], [0], [None], [""]))


def stage_listing(storage: Storage, pages: Iterable[SortedKeys], *, thorough: bool) -> Iterator[Staged]:
    """Yield the rows of keys; what lies outside of all parts is a part of its own. Raises BucketError."""
    prefixes: list[str] = []
    loose: list[Entry] = []
    for result in _results(storage, _tasks(pages, prefixes, loose, OPEN_ALL if thorough else OPEN_NONE)):
        yield Staged(result.rows, prefixes, [part[:3] for part in result.parts])
    if loose:
        loose = _once(loose)
        loose.sort(key=lambda entry: (_ORDER.index(entry.type), entry.path))
        columns = in_part(rows_of(storage, loose), len(prefixes))
        yield Staged(pack(columns), [*prefixes, ""], [("", fingerprint_of(loose), len(loose))])


def stage_bodies(storage: Storage, action: str, digests: Iterable[str]) -> Iterator[Staged]:
    """Yield the rows of `manifests` or `configs`. One that cannot be read is a problem row. Raises BucketError."""
    blobs = ((digest, blob_path(digest)) for digest in digests)
    for result in _results(storage, reading_tasks(storage, action, blobs)):
        yield Staged(result.rows, (), [(None, None, result.files_count)])


def _tasks(
    pages: Iterable[SortedKeys], prefixes: list[str], loose: list[Entry], unopened_before_us: int
) -> Iterator[Task]:
    """Yield tasks of whole parts; number the parts, and set aside what lies outside of them."""
    parts: list[PartToList] = []
    keys_count = 0
    for prefix, keys in _whole_parts(pages, loose):
        parts.append(PartToList(prefix, len(prefixes), unopened_before_us, None, keys))
        prefixes.append(prefix)
        keys_count += len(keys.paths)
        if len(parts) == PARTS_PER_TASK or keys_count >= _KEYS_PER_TASK:
            yield Task("list", tuple(parts))
            parts, keys_count = [], 0
    if parts:
        yield Task("list", tuple(parts))


def _whole_parts(pages: Iterable[SortedKeys], loose: list[Entry]) -> Iterator[tuple[str, Keys]]:
    current, held = "", Keys([], [], [], [])
    for page in pages:
        for prefix, positions in groupby(range(len(page.parts)), page.parts.__getitem__):
            at = list(positions)
            if not prefix:
                loose += (_entry(page, position) for position in at)
                continue
            if prefix != current and held.paths:
                yield current, held
                held = Keys([], [], [], [])
            current = prefix
            held.extend(page.keys, at[0], at[-1] + 1)
    if held.paths:
        yield current, held


def _once(loose: list[Entry]) -> list[Entry]:
    """Return entries with each note once: every piece of the table of keys has made it."""
    notes = {entry for entry in loose if entry.type in (Type.NOT_TOLD, Type.VERSIONED)}
    return [entry for entry in loose if entry not in notes] + list(notes)


def _entry(page: SortedKeys, at: int) -> Entry:
    keys = page.keys
    return Entry(keys.paths[at], keys.sizes[at], keys.times_us[at], Type(page.types[at]), page.details[at])


def _results(storage: Storage, tasks: Iterable[Task]) -> Iterator[Result]:
    """Yield what tasks give, in threads where they wait for a network."""
    if not storage.requests_at_once:
        for task in tasks:
            yield from run(storage, task)
        return
    with closing(ThreadCrew(storage)) as crew:
        for task in tasks:
            crew.submit(task)
            yield from crew.ready()
        yield from crew.results()
