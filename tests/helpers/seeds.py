"""How many random examples a test tries: some in every run, and a multiple of them where there is time.

`TONNAGE_FUZZ_FACTOR=10 make test` tries ten times as many, the same ones first.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

FACTOR = int(os.environ.get("TONNAGE_FUZZ_FACTOR", "1"))

Case = TypeVar("Case")


def seeds(first: int, count: int) -> range:
    """Return the seeds from the first on."""
    return range(first, first + count * FACTOR)


def some(cases: Sequence[Case], every: int) -> Sequence[Case]:
    """Return one of so many cases, the first among them; all where there is time.

    For cases that another test tries one by one without servers and child processes.
    """
    return cases[:: max(1, every // FACTOR)]
