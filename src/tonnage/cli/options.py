"""Options that mean the same everywhere."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from tonnage.inventory.steering import Steering
    from tonnage.storage.opening import OpenOptions

SETTINGS = {
    "TONNAGE_INVENTORY": "the inventory, where no `--inventory` is given",
    "TONNAGE_REPORTS": "a folder of your own .sql files, each a command",
    "TONNAGE_TAGS_FROM": "tags kept outside of the storage, where no `--tags-from` is given",
    "TONNAGE_REGISTRY_USER": "the login at the registry, with TONNAGE_REGISTRY_PASSWORD; else docker's",
    "TONNAGE_REGISTRY_PASSWORD": "its password",
    "DOCKER_CONFIG": "the folder of docker's config.json, where logins and their helpers are; else ~/.docker",
}
"""What is read from the environment."""

_MOST = 1_000_000
_PROGRAM_FORMS = ("json", "jsonl", "csv", "tsv", "md", "html", "parquet", "xlsx")
"""As in show/forms.py, which `--help` does without, as it is at once."""
_OUTPUT_NAMES = ("form", "output", "limit", "offset", "wide", "where", "sort", "columns")

INVENTORY_HELP = "The inventory; else TONNAGE_INVENTORY, else tonnage.duckdb here."
_LIMIT_HELP = "Rows at most; 0 is all. Without it 20 on the screen, all elsewhere."

Command = TypeVar("Command", bound=Callable[..., Any])


def inventory_option(command: Command) -> Command:
    """Add `--inventory`, for every command that reads or writes one."""
    return click.option(
        "-i",
        "--inventory",
        metavar="FILE",
        default=lambda: click.get_current_context().obj,  # what stands before the command's name, see `program`
        help=INVENTORY_HELP,
    )(command)


def inventories_option(command: Command) -> Command:
    """Add `--inventory` for reports, which may ask several at once: a tuple, with at least one place in it."""
    return click.option(
        "-i",
        "--inventory",
        "inventories",
        metavar="FILE",
        multiple=True,
        callback=lambda ctx, _, values: values or (ctx.obj,),
        help=f"{INVENTORY_HELP} Several, or a folder of them, are asked together.",
    )(command)


def tags_option(command: Command) -> Command:
    """Add `--tags-from`, for registries that keep their tags elsewhere than in the storage."""
    return click.option(
        "--tags-from",
        metavar="FILE",
        envvar="TONNAGE_TAGS_FROM",
        help="Tags kept outside of the storage: REPOSITORY:TAG@DIGEST a line, Harbor's database dump, or Harbor's URL.",
    )(command)


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
        click.option("--wide", is_flag=True, help="All columns and whole digests, however narrow the screen."),
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


def collector_option(**settings: Any) -> Callable[[Command], Command]:
    """Return what adds `--collector`. It was `--registry` once, which elsewhere is an address; that is still taken."""
    settings.setdefault("help", "Version of the registry that collects.")
    version = click.Choice(["2", "3"])
    named = click.option("--collector", "version", type=version, **settings)
    former = click.option(
        "--registry", hidden=True, expose_value=False, is_eager=True, type=version, callback=_as_collector
    )
    return lambda command: former(named(command))


def _as_collector(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.default_map = {**(ctx.default_map or {}), "version": value}


def registry_options(command: Command) -> Command:
    """Add the registry's address and how to treat it, and how a change of it is confirmed and reported."""
    for option in (
        click.option("-q", "--quiet", is_flag=True, help="No summary, no progress."),
        click.option("--json", "as_json", is_flag=True, help="The outcome of every item, as one object."),
        click.option("--concurrency", default=4, show_default=True, metavar="N", help="Requests at once."),
        click.option("--rate", default=50.0, show_default=True, metavar="N", help="Requests a second at most."),
        click.option("--credentials", default="", metavar="FILE", help="user:password, JSON, or a docker config.json."),
        click.option("--ca", default="", metavar="FILE", help="Certificates to trust as well, as PEM."),
        click.option("-n", "--dry-run", is_flag=True, help="Change nothing and do not ask: see what would be done."),
        click.option(
            "--confirm",
            default="",
            metavar="PLAN_ID",
            help="Do it without asking: the plan's id, 32 digits or all.",
        ),
        click.option("--registry", "url", required=True, metavar="URL", help="Such as https://registry.example.com."),
    ):
        command = option(command)
    return command


def source_options(command: Command) -> Command:
    """Add how what is scanned is opened and read, whatever it is; `open_options` makes of most of it what opens it."""
    for option in (
        _remote_options,
        _bucket_options,
        click.option(
            "--keys", metavar="FILE", default="", help="An inventory report, in place of a listing: file or address."
        ),
        click.option(
            "--follow-out", is_flag=True, help="Follow symbolic links of a folder that lead out of the storage."
        ),
        click.option(
            "--ignore-lockfile", is_flag=True, help="Scan although the registry keeps its metadata in a database."
        ),
        click.option(
            "--thorough", is_flag=True, help="Open every folder, or read every link, in a large registry too."
        ),
    ):
        command = option(command)
    return command


def open_options(*, repositories: str | None = None, **given: Any) -> "OpenOptions":
    """Return how to open what is scanned, from the options that were given; what was not has its default.

    A file of repositories is read. Raises UsageError if it cannot be, or names none.
    """
    from tonnage.cli.output import read_text
    from tonnage.errors import UsageError
    from tonnage.storage.bucket.options import BucketOptions
    from tonnage.storage.opening import OpenOptions
    from tonnage.storage.registry import RegistrySource, parse_repositories

    def of(fields: tuple[str, ...]) -> dict[str, Any]:
        return {name: given[name] for name in fields if given.get(name) is not None}

    names = parse_repositories(read_text(repositories)) if repositories else None
    if names == ():
        raise UsageError(f"`{repositories}` names no repository", "write a name a line")
    registry = RegistrySource(**of(RegistrySource._fields), repositories=names)
    bucket = BucketOptions(**of(BucketOptions._fields))
    return OpenOptions(**of(OpenOptions._fields), bucket=bucket, registry=registry)


def _bucket_options(command: Command) -> Command:
    """Add how to reach a bucket; what is not said comes from the cloud's own variables."""
    for option in (
        click.option("--requests-at-once", type=int, default=32, callback=more_than_0, metavar="N", help="Default 32."),
        click.option(
            "--timeout",
            "timeout_seconds",
            type=float,
            callback=more_than_0,
            metavar="SECONDS",
            help="For one request: default 20, of a registry 60.",
        ),
        click.option("--ca", "ca_file", default="", metavar="FILE", help="Certificates to trust as well, as PEM."),
        click.option("--anonymous", is_flag=True, help="Ask a public bucket without credentials."),
        click.option("--profile", default="", metavar="NAME", help="Profile of ~/.aws; needs the extra aws-profile."),
        click.option("--virtual-host", is_flag=True, help="The bucket's name goes before the endpoint's host."),
        click.option("--region", default="", metavar="NAME", help="Region of an S3 bucket; else AWS_REGION."),
        click.option("--endpoint", default="", metavar="URL", help="A store of another make, or an emulator."),
    ):
        command = option(command)
    return command


def _remote_options(command: Command) -> Command:
    """Add how to scan a registry that is only reached over HTTP."""
    for option in (
        click.option("--concurrency", default=4, metavar="N", help="Requests to a registry at once, default 4."),
        click.option(
            "--rate",
            "requests_per_second",
            default=50.0,
            metavar="N",
            help="Requests to a registry a second at most, default 50.",
        ),
        click.option(
            "--credentials",
            "credentials_file",
            default="",
            metavar="FILE",
            help="user:password, JSON, or docker's config.json.",
        ),
        click.option(
            "--blob-sizes",
            "asks_sizes",
            is_flag=True,
            help="Ask a registry for each layer: is it there, how large is it.",
        ),
        click.option("--repositories", metavar="FILE", help="Repositories of a registry, a name a line; - is stdin."),
    ):
        command = option(command)
    return command


_KINDS = {
    "a folder": ("ignore_lockfile", "follow_out", "thorough", "keys"),
    "a bucket": (
        "endpoint", "region", "virtual_host", "profile", "anonymous", "ca_file", "timeout_seconds", "requests_at_once",
        "thorough", "keys", "says_requests",
    ),
    "a registry over HTTP": (
        "repositories", "asks_sizes", "credentials_file", "requests_per_second", "concurrency", "ca_file",
        "timeout_seconds", "says_requests",
    ),
}  # fmt: skip
"""The options that are for some kinds of places only."""


def refuse_others(place: str, keys: str) -> None:
    """Refuse options that were given and that the kind of place does not have: they would change nothing. Raises UsageError.

    A report of keys may lie in a bucket whatever the place is.
    """
    from tonnage.errors import UsageError
    from tonnage.storage.opening import kind_of

    ctx, kind = click.get_current_context(), kind_of(place).value
    allowed = {*_KINDS[kind], *(_KINDS["a bucket"] if "://" in keys else ()), *(("says_requests",) if keys else ())}
    for parameter in ctx.command.params:
        name = parameter.name or ""
        owners = [owner for owner, names in _KINDS.items() if name in names]
        if owners and name not in allowed and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise UsageError(
                f"`{parameter.opts[-1]}` is not for {kind}: `{place}`", f"it is for {' and '.join(owners)}"
            )


def explicit_inventory(ctx: click.Context, _: click.Parameter, value: str | None) -> str | None:
    """Return the inventory that was named, here or before the command's name; the default of other commands is none."""
    parent = ctx.parent
    if value or parent is None or parent.get_parameter_source("inventory") is ParameterSource.DEFAULT:
        return value
    return str(parent.params["inventory"])


def parse_with(parse: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    """Return a callback that reads an option's text, if it is given, and refuses it with what `parse` says."""

    def callback(ctx: click.Context, parameter: click.Parameter, value: str | None) -> Any:
        try:
            return None if value is None else parse(value)
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, parameter) from error

    return callback


def parse_each_with(parse: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], Any]:
    """Return the same for an option that may be given several times."""
    parse_one = parse_with(parse)
    return lambda ctx, parameter, values: tuple(parse_one(ctx, parameter, value) for value in values)


def not_negative(ctx: click.Context, parameter: click.Parameter, value: int | None) -> int | None:
    """Refuse less than 0. (`click.IntRange` would put `[x>=0]` into every help.)"""
    if value is not None and value < 0:
        raise click.BadParameter("it is less than 0", ctx, parameter)
    return value


def more_than_0(ctx: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    """Refuse 0, less, what is not a number, and more than anybody can mean."""
    if value is not None and not 0 < value <= _MOST:
        raise click.BadParameter(
            "it is not more than 0" if not value > 0 else f"it is more than {_MOST:,}", ctx, parameter
        )
    return value
