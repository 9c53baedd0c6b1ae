"""The listing: which parts the storage has, which of them have to be listed, and what came of it.

A part in which no name, size or time changed since an earlier scan is kept as it is; what that scan wrote about it
stays where it is, in the tables. The rows of one that changed come beside those of before, under another number, until
the old ones are let go of all at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from tonnage.monitor import Monitor
from tonnage.scan.columns import in_part, pack
from tonnage.scan.fingerprints import Earlier, fingerprint_of, trusted_before
from tonnage.scan.listing import rows_of
from tonnage.scan.loading import Intake, PartRow
from tonnage.scan.threads import ThreadCrew
from tonnage.scan.workers import PARTS_PER_TASK, Crew, PartToList, Result, Task
from tonnage.storage import OPEN_ALL, OPEN_NONE, Entry, Keys, Part, Storage
from tonnage.storage.local import LocalStorage

_LOOSE = ""
"""Prefix of the pseudo-part of what lies outside of all parts."""
_LOOK_AGAIN_US = 24 * 3600 * 1_000_000
"""How old access times may get in a part that did not change. Most file systems note a read once a day (relatime)."""
_PARTS_EXPECTED = 300
"""For the progress of a listing that has no end in sight: the 256 folders of blobs, and some repositories."""


class KnownPart(NamedTuple):
    """A part as the earlier scan left it."""

    part_id: int
    token: str
    fingerprint: bytes
    files_count: int
    looked_us: int | None
    """When it was asked when its files were read; None where that is not noted."""
    is_odd: bool
    """It held something that does not belong: its folders are opened again."""
    has_failed: bool
    """Something in it could not be read, and may be now: nothing of it is kept."""


class EarlierScan(NamedTuple):
    """The scan upon whose tables this one builds."""

    started_us: int
    is_searched: bool
    parts: dict[str, KnownPart]


@dataclass(slots=True)
class ListedPart:
    """A part as this scan finds it."""

    part_id: int
    token: str
    fingerprint: bytes = b""
    files_count: int = 0
    is_kept: bool = False
    """Nothing changed in it."""
    looked_us: int | None = None


class Listing:
    """The parts of one scan.

    What its methods have in common is the state of each part: known from before, settled, listed or kept.
    """

    def __init__(
        self, storage: Storage, crew: Crew | ThreadCrew, monitor: Monitor, *, thorough: bool, is_searched: bool
    ) -> None:
        self.storage = storage
        self.crew = crew
        self.monitor = monitor
        self.thorough = thorough
        self.is_searched = is_searched
        self.earlier: EarlierScan | None = None
        self.intake: Intake | None = None
        self.parts: dict[str, ListedPart] = {}
        self.loose: list[Entry] = []
        self.next_id = 0
        self.started_us = 0

    def begin(self, intake: Intake, earlier: EarlierScan | None) -> None:
        """Take where rows go to, and the scan to build upon."""
        self.intake, self.earlier = intake, earlier
        if earlier and earlier.parts:
            self.next_id = max(part.part_id for part in earlier.parts.values()) // 2 * 2 + 2

    def find(self) -> None:
        """Find the parts of the storage, and have those listed that may have changed."""
        parts = [Part(_LOOSE)]
        self.monitor.begin("listing", len(self.earlier.parts) if self.earlier else _PARTS_EXPECTED)
        for found in self.storage.parts():
            if isinstance(found, Entry):
                self.loose.append(found)
            elif found.keys is None:
                parts.append(found)
            else:
                self._sort_keys(found, found.keys)
        self.monitor.begin("listing", len(parts))
        for part in sorted(parts):
            self._number(part)
        changed: list[PartToList] = []
        for part in sorted(parts[1:], key=lambda part: part.prefix.startswith("blobs")):  # long ones first
            known = self._known(part.prefix)
            if known and self._is_settled(part, known):
                self._keep(part.prefix, known)
                self.monitor.advance(1, known.files_count)
            else:
                changed.append(self._to_list(part))
        for start in range(0, len(changed), PARTS_PER_TASK):
            self.crew.submit(Task("list", tuple(changed[start : start + PARTS_PER_TASK])))

    def finish(self) -> bool:
        """Wait for the rows of all parts; return False if the storage is what it was at the earlier scan."""
        if not self.parts:
            self.find()
        self._list_loose()
        for result in self.crew.results():
            self._add(result)
        same_parts = self.earlier is not None and self.parts.keys() == self.earlier.parts.keys()
        return not same_parts or not all(part.is_kept for part in self.parts.values())

    def gone(self) -> Iterable[int]:
        """Return the numbers under which the tables hold rows of parts that changed, or are not there any more."""
        known = self.earlier.parts if self.earlier else {}
        for prefix, part in known.items():
            now = self.parts.get(prefix)
            if now is None or not now.is_kept:
                yield part.part_id

    def rows(self) -> list[PartRow]:
        """Return the rows of the table `part`."""
        return [
            (p.part_id, prefix, p.token, p.fingerprint, p.files_count, p.looked_us) for prefix, p in self.parts.items()
        ]

    def _number(self, part: Part) -> int:
        """Give a part the number its new rows go by: one of the two that are its own for ever, by turns."""
        known = self._known(part.prefix)
        number = known.part_id ^ 1 if known else self.next_id
        self.next_id += 0 if known else 2
        self.parts[part.prefix] = ListedPart(number, part.token)
        return number

    def _keep(self, prefix: str, known: KnownPart) -> None:
        part = self.parts[prefix]
        part.part_id, part.fingerprint, part.files_count = known.part_id, known.fingerprint, known.files_count
        part.is_kept, part.looked_us = True, known.looked_us

    def _sort_keys(self, part: Part, keys: Keys) -> None:
        """Have a part turned into rows whose listing is at hand, and take what is done already."""
        known = self._known(part.prefix)
        is_same = self.earlier and known and not known.is_odd and not self.thorough
        earlier = Earlier(known.fingerprint, self.earlier.started_us) if self.earlier and known and is_same else None
        unopened_before_us = OPEN_ALL if self.thorough else OPEN_NONE
        number = self._number(part)
        self.crew.submit(Task("list", (PartToList(part.prefix, number, unopened_before_us, earlier, keys),)))
        for result in self.crew.ready():
            self._add(result)

    def _known(self, prefix: str) -> KnownPart | None:
        return self.earlier.parts.get(prefix) if self.earlier else None

    def _list_loose(self) -> None:
        """Take what lies outside of all parts for a part of its own."""
        part = self.parts[_LOOSE]
        part.fingerprint, part.files_count = fingerprint_of(self.loose), len(self.loose)
        known = self._known(_LOOSE)
        if known and known.fingerprint == part.fingerprint and not known.has_failed:
            self._keep(_LOOSE, known)
        elif self.intake:
            self.intake.add(pack(in_part(rows_of(self.storage, self.loose), part.part_id)))

    def _add(self, result: Result) -> None:
        assert self.intake is not None
        self.intake.add(result.rows)
        for prefix, fingerprint, files_count, is_same in result.parts:
            part, known = self.parts[prefix], self._known(prefix)
            if is_same and known:
                self._keep(prefix, known)
            else:
                part.fingerprint, part.files_count, part.looked_us = fingerprint, files_count, self._looks_us(prefix)
            self.monitor.advance(1, files_count)

    def _looks_us(self, prefix: str) -> int | None:
        """Return when this scan asks for access times; None where they are not noted."""
        notes_reads = (
            isinstance(self.storage, LocalStorage) and self.storage.notes_reads and prefix.startswith("blobs/")
        )
        return self.started_us if notes_reads else None

    def _is_stale(self, part: Part, known: KnownPart) -> bool:
        """Return whether it is time to ask again when the files of a part were read, which changes no folder's time."""
        now_us = self._looks_us(part.prefix)
        return now_us is not None and (known.looked_us is None or now_us - known.looked_us > _LOOK_AGAIN_US)

    def _is_settled(self, part: Part, known: KnownPart) -> bool:
        """In a large registry, a part with the same token as before holds the same names, and blobs never change.

        In others each blob is asked for all the same: it costs little, and damage shows. So it is where something was odd:
        a folder that was empty may be one into which a large layer was just being copied.
        """
        if self._is_stale(part, known):
            return False
        if self.is_searched or known.is_odd or not self.earlier or not part.token or part.token != known.token:
            return False
        return int(part.token) // 1000 < trusted_before(self.earlier.started_us)

    def _to_list(self, part: Part) -> PartToList:
        number, known = self.parts[part.prefix].part_id, self._known(part.prefix)
        unopened_before_us = OPEN_ALL if self.is_searched else OPEN_NONE
        if not known or not self.earlier:
            return PartToList(part.prefix, number, unopened_before_us)
        if self.is_searched and not known.is_odd:
            unopened_before_us = trusted_before(self.earlier.started_us)
        is_anew = known.has_failed or self._is_stale(part, known)
        earlier = None if is_anew else Earlier(known.fingerprint, self.earlier.started_us)
        return PartToList(part.prefix, number, unopened_before_us, earlier)
