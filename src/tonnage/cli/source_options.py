"""Options for what is scanned: a folder, a bucket, a registry over HTTP, and which of them are for which."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from tonnage.cli.parsing import more_than_0, parse_with
from tonnage.sizes import parse_size

if TYPE_CHECKING:
    from tonnage.scan.replace import OtherPlace
    from tonnage.storage.opening import OpenOptions

Command = TypeVar("Command", bound=Callable[..., Any])


def source_options(command: Command) -> Command:
    """Add how what is scanned is opened and read, whatever it is; `open_options` makes of most of it what opens it."""
    for option in (
        _remote_options,
        bucket_options,
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


def other_place_options(command: Command) -> Command:
    """Add what becomes of an inventory of another place; see `other_place`."""
    for option in (
        click.option("--replace", is_flag=True, help="Give up what the inventory holds, whatever place it is of."),
        click.option(
            "--moved", is_flag=True, help="The inventory's storage is in a new place: keep its earlier totals."
        ),
    ):
        command = option(command)
    return command


def other_place(moved: bool, replace: bool) -> "OtherPlace":
    """Return what becomes of an inventory of another place. Raises UsageError."""
    from tonnage.errors import UsageError
    from tonnage.scan.replace import OtherPlace

    if moved and replace:
        raise UsageError("both --moved and --replace", "give one of them")
    return OtherPlace.MOVED if moved else OtherPlace.REPLACED if replace else OtherPlace.REFUSED


def memory_option(command: Command) -> Command:
    """Add how much the database may hold while it makes an inventory."""
    return click.option(
        "--memory-limit",
        metavar="SIZE",
        callback=parse_with(parse_size),
        help="What the database may hold; else a quarter of the memory, 2 GB at most.",
    )(command)


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


def bucket_options(command: Command) -> Command:
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
            help="Requests per second to a registry, default 50.",
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
