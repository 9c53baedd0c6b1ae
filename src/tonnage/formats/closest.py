"""What was meant by a word that nothing is called. Pure."""

import difflib
from collections.abc import Iterable

_SHOWN = 8


def meant(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return a hint: the name closest to the word; else all there are if they are few; else what else helps.

    >>> meant("sise_bytes", ["size_bytes", "digest"]), meant("x", ["a", "b"]), meant("x", map(str, range(99)), "list them")
    ('did you mean `size_bytes`?', 'there are: a, b', 'list them')
    """
    names = list(known)
    if close := difflib.get_close_matches(word, names, 1):
        return f"did you mean `{close[0]}`?"
    return f"there are: {', '.join(names)}" if 0 < len(names) <= _SHOWN else otherwise
