"""Text that may be shown: what whoever pushes wrote into it takes over no terminal."""

from collections.abc import Callable

from tonnage.show.colours import CODES


def _as_python(mark: str) -> str:
    return mark.encode("unicode_escape").decode()


def printable(text: str, keeps: str = "\n", escape: Callable[[str], str] = _as_python) -> str:
    """Return lines with all that is not a visible character escaped: controls, and marks that turn a text's direction.

    `keeps` are the controls that stay.
    """
    if text.isprintable():
        return text
    return "".join(mark if mark.isprintable() or mark in keeps else escape(mark) for mark in text)


def printable_in_colour(text: str) -> str:
    """Return lines as `printable` does, but for the few codes of our own colours."""
    shown, end = [], 0
    for code in CODES.finditer(text):
        shown += [printable(text[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*shown, printable(text[end:])])
