"""Text that may be shown: what whoever pushes wrote into it takes over no terminal."""

from tonnage.show.colours import CODES


def printable(text: str) -> str:
    """Return lines with all that is not a visible character spelled: controls, and marks that turn a text's direction."""
    if text.isprintable():
        return text
    return "".join(
        mark if mark.isprintable() or mark == "\n" else mark.encode("unicode_escape").decode() for mark in text
    )


def printable_in_colour(text: str) -> str:
    """Return lines as `printable` does, but for the few codes of our own colours."""
    shown, end = [], 0
    for code in CODES.finditer(text):
        shown += [printable(text[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*shown, printable(text[end:])])
