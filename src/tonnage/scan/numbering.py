"""Digests -> numbers, given once and for good, in the order in which they are met.

A digest is 71 characters and is named again and again; everything after this knows it by its number. What is
remembered here is a 64-bit hash of each text, not the text: it takes a third of the memory. Python's hash is keyed
with a secret of the process, and ours adds one of its own, because that key may be given from outside (PYTHONHASHSEED):
nobody can make two digests that are taken for one. That two meet by chance is as likely as 3 in a million for ten
million digests.
"""

import secrets
from array import array
from collections import defaultdict
from collections.abc import Iterable
from itertools import count


class Numbering:
    """Gives each digest its number."""

    def __init__(self) -> None:
        self._salted = secrets.token_hex(8).__add__
        self._numbers: dict[int, int] = defaultdict(count().__next__)
        self._next = 0

    def start_at(self, number: int) -> None:
        """Give numbers from this one on. Nothing may be numbered before."""
        self._next = number
        self._numbers = defaultdict(count(number).__next__)

    def unknown(self, digests: list[str]) -> list[str]:
        """Return those of the digests that have no number yet."""
        known = self._numbers
        return [text for key, text in zip(self._hashes(digests), digests, strict=True) if key not in known]

    def give(self, numbered: Iterable[tuple[int, str]]) -> None:
        """Take the numbers of digests for given: those they have in an earlier inventory."""
        numbers, digests = zip(*numbered, strict=True)
        self._numbers.update(zip(self._hashes(digests), numbers, strict=True))

    def numbers_of(self, digests: list[str]) -> "tuple[array[int], list[tuple[int, str]]]":
        """Return the numbers of digests, and those of them that are new with their numbers."""
        first = self._next
        numbers = array("i", map(self._numbers.__getitem__, self._hashes(digests)))
        new = [(number, text) for number, text in zip(numbers, digests, strict=True) if number >= first]
        if new:
            self._next = max(new)[0] + 1
        return numbers, new

    def _hashes(self, digests: Iterable[str]) -> Iterable[int]:
        return map(hash, map(self._salted, digests))
