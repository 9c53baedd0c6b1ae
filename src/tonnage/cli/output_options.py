"""Options for what is printed or written: which rows and columns, in which form, where to."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from tonnage.cli.parsing import not_negative

if TYPE_CHECKING:
    from tonnage.inventory.steering import Steering

_PROGRAM_FORMS = ("json", "jsonl", "csv", "tsv", "md", "html", "parquet", "xlsx")
"""As in show/forms.py, which `--help` does without, as it is at once."""
_OUTPUT_NAMES = ("form", "output", "limit", "offset", "wide", "where", "sort", "columns")
_LIMIT_HELP = "Maximum number of rows; 0 for all. Without it 20 on the screen, all elsewhere."

Command = TypeVar("Command", bound=Callable[..., Any])


class Asked(NamedTuple):
    """How rows are wanted: what `output_options` makes of its options."""

    form: str | None
    """One of the forms of show/forms.py; None where none is said."""
    output: str
    limit: int | None
    offset: int
    is_wide: bool
    steering: "Steering"

    @property
    def is_table(self) -> bool:
        """Whether rows were asked for, where a command has something better to show a person."""
        return self.form is not None or bool(self.offset or any(self.steering))


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add how rows are put out; the command gets all of it as `asked`."""

    @functools.wraps(command)
    def run(**options: Any) -> Any:
        own = {name: value for name, value in options.items() if name not in _OUTPUT_NAMES}
        return command(asked=_asked(**{name: options[name] for name in _OUTPUT_NAMES}), **own)

    found: Callable[..., Any] = run
    for option in (
        click.option("--wide", is_flag=True, help="All columns, whole digests and ages, however narrow the screen."),
        click.option(
            "--offset", type=int, default=0, callback=not_negative, metavar="N", help="Rows to leave out first."
        ),
        click.option("--limit", type=int, callback=not_negative, metavar="N", help=_LIMIT_HELP),
        click.option("--where", default="", metavar="SQL", help='Only rows of which this is true: "size_bytes > 1e9".'),
        click.option("--columns", multiple=True, metavar="NAMES", help="Only these columns, in this order: a,b."),
        click.option(
            "--sort", multiple=True, metavar="NAMES", help="Sort by these columns; -size_bytes: largest first."
        ),
        output_option(),
        click.option(
            "--format",
            "form",
            type=click.Choice(["table", *_PROGRAM_FORMS]),
            metavar="FORM",
            help=f"table, {', '.join(_PROGRAM_FORMS)}; else as the file of -o ends, else table.",
        ),
        click.option("--csv", "form", flag_value="csv", help="As --format csv."),
        click.option(
            "--json", "form", flag_value="json", help="As --format json: an array of objects, exact integers."
        ),
    ):
        found = option(found)
    return found


def _asked(
    form: str | None,
    output: str,
    limit: int | None,
    offset: int,
    wide: bool,
    where: str,
    sort: tuple[str, ...],
    columns: tuple[str, ...],
) -> Asked:
    from tonnage.inventory.steering import Steering
    from tonnage.show.forms import form_of

    steering = Steering(where, _split(sort), _split(columns))
    return Asked(form or form_of(output), output, limit, offset, wide, steering)


def _split(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return names that were given with commas between, or one at a time."""
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())


def output_option(**settings: Any) -> Callable[[Command], Command]:
    """Return what adds `-o`; a place where nothing may be written is refused before any work."""
    settings = {"default": "-", "help": "Write to a file; - is stdout.", **settings}
    return click.option("-o", "--output", metavar="FILE", callback=_good_output, **settings)


def _good_output(_ctx: click.Context, _: click.Parameter, value: str) -> str:
    if value != "-":
        from tonnage.cli.output import refuse_output

        refuse_output(value)
    return value
