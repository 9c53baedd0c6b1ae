"""Names on a disk as text, and back.

Names need not be text on a disk: bytes that are not UTF-8 are escaped as `\\xff` in paths, and a backslash that would read
as the beginning of such an escape as `\\x5c`.
"""

import os
import re
from collections.abc import Iterable

_ESCAPED = re.compile(r"\\x([89a-f][0-9a-f]|5c)")
_AMBIGUOUS = re.compile(rb"\\(?=x(?:[89a-f][0-9a-f]|5c))")


def are_plain(names: Iterable[str]) -> bool:
    """Return whether all these names stand in paths as they are: a quick look, for many names at once."""
    joined = "".join(names)
    return joined.isascii() and "\\" not in joined


def spell(name: str) -> str:
    r"""Return a name as text from which `native` makes the same name again, whatever bytes it has.

    >>> spell(os.fsdecode(b"a\xff")), spell("a\\xff"), spell("a\\b")
    ('a\\xff', 'a\\x5cxff', 'a\\b')
    """
    if name.isascii() and "\\" not in name:
        return name
    return _AMBIGUOUS.sub(rb"\\x5c", os.fsencode(name)).decode("utf-8", "backslashreplace")


def native(path: str) -> str:
    """Return the path as the system knows it, from one that `spell` made."""
    if "\\" not in path:
        return path
    escaped = os.fsencode(path).decode("latin-1")
    return os.fsdecode(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), escaped).encode("latin-1"))
