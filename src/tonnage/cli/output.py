"""Putting rows out: data to stdout or a file, talk to stderr."""

import contextlib
import os
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from tonnage.cli.streams import Content, Stdout
from tonnage.errors import UsageError, WriteError, reason_of
from tonnage.files import place_of, write_file
from tonnage.inventory.database import Inventory, Table
from tonnage.show.colours import PLAIN, Look, look_for
from tonnage.show.forms import BINARY, TEXT
from tonnage.show.printable import printable, printable_in_colour
from tonnage.show.render import left_out, to_text

if TYPE_CHECKING:
    from tonnage.cli.output_options import Asked
    from tonnage.inventory.reports import Hidden
    from tonnage.inventory.steering import Steering

_PRECIOUS = {b"DUCK": "a database", b'{"event":"begun",': "a journal of apply"}
"""What files begin with that are not written over by mistake: what is in them is nowhere else."""
_BEGINNING_BYTES = 20
_CONTENT = {"json": Content.JSON, "jsonl": Content.JSON, "md": Content.PEOPLE}
"""What the forms of text are; the others are exact."""
_TEXT_ROWS = 20
"""What a person is shown unless told otherwise; programs and files get all."""


def width() -> int:
    """Return the characters in a line of the terminal, also where a pager stands between; 80 where there is none."""
    return _screen("COLUMNS").columns


def height() -> int:
    """Return the lines of the terminal; 24 where there is none."""
    return _screen("LINES").lines


def _screen(setting: str) -> os.terminal_size:
    if setting not in os.environ:
        for stream in (1, 2):
            with contextlib.suppress(OSError):
                return os.get_terminal_size(stream)
    return shutil.get_terminal_size((80, 24))


def is_seen(stream: TextIO) -> bool:
    """Return whether a person looks at the stream: a plot is for eyes, not for a pipe."""
    return stream.isatty()


def look(output: str = "-") -> Look:
    """Return how text for a person is to look; a file is plain."""
    return look_for(os.environ, is_seen(sys.stdout)) if output == "-" else PLAIN


def put(text: str, output: str = "-", content: Content = Content.EXACT) -> None:
    """Write text to a file or, for `-`, to stdout. Raises WriteError."""
    if output != "-":
        refuse_output(output)
        write_file(Path(output), text.encode("utf-8", "surrogateescape"))
        return
    stdout = sys.stdout if isinstance(sys.stdout, Stdout) else Stdout(sys.stdout)
    stdout.put(text, content)
    stdout.flush()


def put_bytes(content: bytes, output: str) -> None:
    """Write bytes to a file or, for `-`, to stdout, which no person may look at. Raises WriteError and UsageError."""
    if output != "-":
        refuse_output(output)
        write_file(Path(output), content)
        return
    if is_seen(sys.stdout):
        raise UsageError("this form is for a file, not for a screen", "write it to one: -o FILE")
    stdout = sys.stdout if isinstance(sys.stdout, Stdout) else Stdout(sys.stdout)
    stdout.put_bytes(content)


def refuse_output(output: str) -> None:
    """Refuse to write over what the same call reads, over any inventory, and over a journal. Raises WriteError."""
    place = place_of(Path(output))
    context = click.get_current_context(silent=True)
    for name, given in context.params.items() if context else ():
        values = given if isinstance(given, tuple) else (given,)
        if name != "output" and any(isinstance(value, str) and _is_same(place, value) for value in values):
            raise WriteError(f"`{output}` is what this command reads", "choose another place with -o")
    try:
        with place.open("rb") as file:
            beginning = file.read(_BEGINNING_BYTES)
    except OSError:
        return  # not there, or not to be read: whether it can be replaced is another matter
    for sign, what in _PRECIOUS.items():
        if sign in beginning:
            raise WriteError(f"`{output}` is {what}, and is not written over", "choose another place with -o")


def _is_same(place: Path, other: str) -> bool:
    try:
        return place.samefile(other)
    except (OSError, ValueError):
        return False  # one of them is not there, or the other is not a name


def show(text: str, output: str = "-") -> None:
    """Put out text for a person. What is in it may come from whoever pushes: see `printable`. Raises WriteError."""
    shown = printable(text) if look(output) == PLAIN else printable_in_colour(text)
    put(shown, output, Content.PEOPLE)


def talk(text: str) -> None:
    """Say something to the person, not to the pipe. Where nobody can be told, what is done and its exit code stay."""
    with contextlib.suppress(OSError):
        print(printable(text), file=sys.stderr, flush=True)


def put_table(table: Table, asked: "Asked", hidden: Sequence["Hidden"] = (), head: Table | None = None) -> None:
    """Put rows out as asked for; say on stderr what a person is not shown, and what was hidden before.

    `head` stands above them where they are for a person, and says enough where there are none.

    The rows are sorted and restricted already, and cut to those that are shown, by whoever can do it in the database.
    """
    is_for_person = asked.form in (None, "table")
    seen_width = _seen_width(asked)
    shown = table
    if table.whole_count is None:
        end = asked.offset + limit if (limit := _limit(asked)) else None
        shown = table._replace(rows=table.rows[asked.offset : end], whole_count=len(table.rows))
    if asked.form in BINARY:
        put_bytes(BINARY[asked.form](shown), asked.output)
    elif asked.form in TEXT:
        put(TEXT[asked.form](shown), asked.output, _CONTENT.get(asked.form, Content.EXACT))
    else:
        now = datetime.now(UTC) if asked.is_wide else None
        texts = [
            to_text(each, seen_width, look(asked.output), now)
            for each in (head, shown)
            if each is not None and each.rows
        ]
        put("\n".join(texts), asked.output, Content.PEOPLE)
    if is_for_person and (head is None or shown.rows_count):
        _mention(shown, left_out(shown, seen_width), hidden)
    elif len(shown.rows) < shown.rows_count:
        talk(_some_of(shown))


def wanted(asked: "Asked") -> "Steering":
    """Return what to ask the database for: no more rows than are put out."""
    return asked.steering._replace(offset=asked.offset, limit=_limit(asked))


def _limit(asked: "Asked") -> int:
    return (_TEXT_ROWS if _seen_width(asked) else 0) if asked.limit is None else asked.limit


def _seen_width(asked: "Asked") -> int | None:
    """Return the characters in a line of the screen that the rows are to fit on; None where they need not."""
    is_for_person = asked.form in (None, "table")
    return width() if is_for_person and not asked.is_wide and _is_screen(asked.output) else None


def _mention(shown: Table, columns: list[str], hidden: Sequence["Hidden"]) -> None:
    """Say what is not shown, and how it would be."""
    if columns and shown.rows:
        talk(f"no room for {', '.join(columns)}; --wide shows all")
    if len(shown.rows) < shown.rows_count:
        talk(_some_of(shown))
    elif not shown.rows_count:
        talk("nothing found")
    for found in hidden:
        talk(f"{found.rows_count:,} more with {found.option} {found.widest} (default: {found.default})")


def _some_of(shown: Table) -> str:
    return f"{len(shown.rows):,} of {shown.rows_count:,} rows; --limit 0 shows all"


def put_rows(table: Table, asked: "Asked") -> None:
    """Put out rows that no single query gave, restricted and sorted as asked for."""
    from tonnage.inventory.steering import steer_rows

    put_table(steer_rows(table, asked.steering), asked)


def _is_screen(output: str) -> bool:
    """Return whether rows are to fit: on a terminal, or where COLUMNS says how much room there is."""
    return output == "-" and ("COLUMNS" in os.environ or is_seen(sys.stdout))


def show_card(path: str) -> None:
    """Print the card of an inventory, with the tags that TONNAGE_TAGS_FROM names if it is set.

    Exits with 18 where most of the storage is not there.
    """
    from tonnage.cli.hints import again
    from tonnage.cli.tags import ask_inventory
    from tonnage.cli.volume import volume_at
    from tonnage.errors import DoubtfulStorageError
    from tonnage.inventory.known import gravest
    from tonnage.layers.opening import place_in
    from tonnage.show.card import card
    from tonnage.show.verdict import facts_of

    with ask_inventory(path, os.environ.get("TONNAGE_TAGS_FROM")) as inventory:
        facts = facts_of(inventory, volume_at(place_in(inventory)))
        show(card(facts, width(), _height(), again(path), look()))
        if gravest(facts.doubts):
            sys.exit(DoubtfulStorageError.exit_code)


def _height() -> int | None:
    """Return the lines of the screen; None where nobody looks at one."""
    if not is_seen(sys.stdout) and "LINES" not in os.environ:
        return None
    return shutil.get_terminal_size((80, 24)).lines


def mention_doubts(inventory: Inventory, of: str = "") -> None:
    """Say on stderr what makes the answers of this inventory doubtful; `of` stands before it."""
    from tonnage.inventory.known import doubts_of

    for doubted in doubts_of(inventory):
        talk(f"{of}{doubted.text}\n  {doubted.advice}")


def read_text(path: str, most: int = -1) -> str:
    """Return the text of a file or, for `-`, of stdin; of a longer one the first `most` characters. Raises UsageError."""
    try:
        if path != "-":
            with open(path, encoding="utf-8") as file:
                return file.read(most)
        text = sys.stdin.read(most)
        text.encode()
        return text
    except (OSError, UnicodeError) as error:
        raise UsageError(f"cannot read `{path}`: {reason_of(error)}") from error
