"""The command line: one short file per command, imported when it is called; every report is a command as well."""

import os
import re
import sys
from importlib import import_module
from typing import Any

import click

from tonnage import __version__
from tonnage.cli.options import INVENTORY_HELP
from tonnage.cli.places import readable
from tonnage.cli.signals import EndedError, ending_at_signals
from tonnage.cli.streams import NobodyReadsError, own_streams
from tonnage.errors import MORE_MEMORY, TonnageError, UsageError, reason_of

COMMANDS = {
    "scan": "Read a registry's storage into an inventory.",
    "sql": "Ask the inventory anything, in SQL.",
    "tables": "List the tables, views and columns of the inventory.",
    "shell": "Open an SQL prompt on the inventory.",
    "report": "Run a report from an .sql file.",
    "gc": "Preview the registry's own garbage collection: what it frees, breaks and leaves.",
    "what-if": "Say what would be freed if these went, as a set.",
    "plan": "Write a plan of what to delete: by name, by policy, or by the bytes wanted.",
    "explain": "Print a plan for people.",
    "apply": "Delete from a registry what a plan says, and nothing else.",
    "verify": "Compare a plan with what a later scan measures, to the byte.",
    "undo": "Push back what apply deleted, until the registry has collected.",
    "export": "Write the inventory as Parquet, or into a PostgreSQL of your own.",
    "import": "Bring an exported inventory back into a file.",
    "load": "Make an inventory of rows that were read elsewhere, such as by Spark.",
    "diff": "Say who grew between two inventories, and by which layers.",
    "web": "Look at an inventory in the browser.",
    "serve": "Scan again and again, and serve the page and the metrics.",
    "page": "Write the page as one file to send to a colleague.",
    "image": "Show an image: its layers, who else holds them, what it alone frees.",
    "files": "List the largest files in a layer.",
    "doctor": "Say whether a collection can run, what it would break, and what to do first.",
    "verify-blobs": "Read the blobs that are stored and compare them with their digests.",
    "check": "Compare the inventory with limits, for cron and CI.",
    "exporter": "Serve what the storage holds as metrics for Prometheus.",
    "demo": "Build a sample registry, scan it, and show the card.",
    "ncdu": "Put the inventory out as ncdu's export, to be browsed with it.",
    "completion": "Have a shell complete commands, files and names.",
    "help": "Explain a topic: targets, formats, exit codes, all commands, all reports.",
}
"""Commands that are not reports, with the one line `help commands` shows; each is a module of the same name."""

_MAIN = {
    "demo": "Build a sample registry, scan it, and show the card.",
    "scan": "Read a registry's storage into an inventory.",
    "gc": "Preview the registry's own garbage collection.",
    "plan": "Write a plan of what to delete: by name, policy, or bytes.",
    "what-if": "Say what would be freed if these went, as a set.",
    "apply": "Delete from a registry what a plan says, nothing else.",
    "verify": "Compare a plan with what a later scan measures.",
    "image": "Show an image: its layers, and who else holds them.",
    "sql": "Ask the inventory anything.",
    "web": "Look at an inventory in the browser.",
    "serve": "Scan again and again; serve the page and the metrics.",
    "help": "Explain a topic, or any command.",
}
"""What `--help` has a line for; the others it only names."""
_EXAMPLES = """\b
Examples:
  tonnage scan /var/lib/registry && tonnage
  tonnage layers --min-size 500MiB --sort -size_bytes -o layers.xlsx
  tonnage why sha256:4f4f
"""


class _Program(click.Group):
    """The program: its commands are looked up by name, so that `--help` imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        from tonnage.cli.reports import all_reports

        return [*COMMANDS, *all_reports()]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        found = self._command(name)
        if found is None or "_TONNAGE_COMPLETE" not in os.environ:
            return found
        from tonnage.cli.completing import offer

        return offer(found)

    def _command(self, name: str) -> click.Command | None:
        if name in COMMANDS:
            command: click.Command = import_module(f"tonnage.cli.{name.replace('-', '_')}").command
            return command
        from tonnage.cli.reports import all_reports, report_command

        report = all_reports().get(name)
        return report_command(report) if report else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            from tonnage.formats.closest import meant

            raise UsageError(f"there is no command `{name}`", meant(name, self.list_commands(ctx), "tonnage --help"))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from tonnage.cli.reports import all_reports

        with formatter.section("Commands"):
            formatter.write_dl(list(_MAIN.items()))
        others = [name for name in COMMANDS if name not in _MAIN]
        formatter.write("\n")
        formatter.write_text(f"Others (tonnage help commands): {', '.join(others)}")
        formatter.write("\n")
        formatter.write_text(f"Reports (tonnage help reports): {', '.join(all_reports())}")


@click.group(
    cls=_Program,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EXAMPLES,
)
@click.version_option(__version__, prog_name="tonnage")
@click.option(
    "-i", "--inventory", metavar="FILE", envvar="TONNAGE_INVENTORY", default="tonnage.duckdb", help=INVENTORY_HELP
)
@click.pass_context
def program(ctx: click.Context, inventory: str) -> None:
    """What fills a container registry's disk, who holds it, and what would really be freed.

    Without a command: the card of the inventory.
    """
    ctx.obj = inventory
    if ctx.invoked_subcommand is None:
        from tonnage.cli.output import show_card

        show_card(readable(ctx, ctx.command.params[0], inventory))


def main(args: list[str] | None = None, command: click.Command = program, name: str = "tonnage") -> None:
    """Run the program, or another command; whatever the user has to see becomes a message, a hint and an exit code."""
    with own_streams(), ending_at_signals() as received:
        try:
            code = _run(args, command, name)
            sys.stdout.flush()
        except NobodyReadsError:
            code = 0
        except (Exception, KeyboardInterrupt, EndedError) as error:
            code = _end(error, received)
    sys.exit(code)


def _end(error: BaseException, received: list[int]) -> int:
    """Say what ended the program, and return its exit code. Raises what is of no kind that a user could act on."""
    from tonnage.cli.output import talk

    if received:
        talk("tonnage: terminated")
        return 128 + received[0]
    if isinstance(error, TonnageError):
        hint = f"\n\nhint: {error.next_step}" if error.next_step else ""
        talk(f"tonnage: {error.message}{hint}")
        return error.exit_code
    if isinstance(error, (KeyboardInterrupt, click.Abort)) or str(error) == "Query interrupted":
        talk("tonnage: interrupted")  # the last is what DuckDB makes of Ctrl-C
        return 130
    if known := _unforeseen(error):
        talk(f"tonnage: {known}")
        return TonnageError.exit_code
    from tonnage.inventory.failures import Failure, failure_of

    if failure_of(error) is not Failure.MEMORY:
        raise error
    talk(f"tonnage: out of memory\n\nhint: {MORE_MEMORY}")
    return TonnageError.exit_code


def _unforeseen(error: BaseException) -> str:
    """Return what to say of an error that a user can act on and no command expected; nothing for a bug."""
    if isinstance(error, UnicodeEncodeError):  # it may be a password: not shown
        return "what was given is not UTF-8 text: an address, a name, or a setting in the environment"
    if not isinstance(error, OSError):
        return ""
    try:
        os.getcwd()
    except OSError:
        return "the current folder no longer exists"
    return f"cannot use `{error.filename}`: {reason_of(error)}" if isinstance(error.filename, str) else ""


def _run(args: list[str] | None, command: click.Command, name: str) -> Any:
    try:
        return command.main(args=args, prog_name=name, standalone_mode=False) or 0
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else name
        raise UsageError(_as_ours(error.format_message()), f"{path} --help") from error


def _as_ours(message: str) -> str:
    """Return a message of click's in the form of our own: one line, no capital, no full stop, things in backticks."""
    quoted = re.sub(r"'([^']*)'", r"`\1`", " ".join(message.split()).rstrip("."))
    return quoted[:1].lower() + quoted[1:]
