"""How many random examples a test tries: some in every run, and a multiple of them where there is time.

`TONNAGE_FUZZ_FACTOR=10 make test` tries ten times as many, the same ones first.
"""

from __future__ import annotations

import os

FACTOR = int(os.environ.get("TONNAGE_FUZZ_FACTOR", "1"))


def seeds(first: int, count: int) -> range:
    """Return the seeds from the first on."""
    return range(first, first + count * FACTOR)
