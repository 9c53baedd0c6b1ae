"""The processes that others have begun, as Linux tells them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def descendants(pid: int) -> list[int]:
    """Return the processes below one, the nearest first."""
    children = children_of(pid)
    return children + [below for child in children for below in descendants(child)]


def children_of(pid: int) -> list[int]:
    """Return the processes that one has begun; it may end meanwhile, at any of these lines, or some of its threads."""
    found: list[int] = []
    folder = f"/proc/{pid}/task"
    with contextlib.suppress(OSError):
        for thread in os.listdir(folder):
            with contextlib.suppress(OSError):
                found += map(int, Path(folder, thread, "children").read_text().split())
    return found
