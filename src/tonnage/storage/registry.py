"""A registry that is only reached over HTTP: no storage to list, but an address that a scan takes in place of one."""

from typing import TYPE_CHECKING, NamedTuple

from tonnage.errors import UsageError

if TYPE_CHECKING:
    from tonnage.registry.client import ReadOnlyRegistry
    from tonnage.registry.counts import Tally


class RegistrySource(NamedTuple):
    """Where a registry is and how it is to be treated."""

    url: str = ""
    credentials_file: str = ""
    ca_file: str = ""
    requests_per_second: float = 50.0
    concurrency: int = 4
    """Requests under way at once."""
    repositories: tuple[str, ...] | None = None
    """The repositories to read; None for those of the catalog."""
    asks_sizes: bool = False
    """Ask for each layer, which proves that it is there and tells its stored size; else manifests are believed."""
    page_size: int = 1000
    timeout_seconds: float = 60.0
    """How long one answer may let wait for its beginning, and then for its end."""
    tally: "Tally | None" = None
    """What counts the requests; none until the address was opened."""

    @property
    def location(self) -> str:
        """The address."""
        return self.url

    def open(self) -> "ReadOnlyRegistry":
        """Return the registry, to be asked. Through it nothing can be changed."""
        from tonnage.registry.client import ReadOnlyRegistry
        from tonnage.registry.http import Limits

        limits = Limits(
            requests_per_second=self.requests_per_second,
            concurrency=self.concurrency,
            timeout_seconds=self.timeout_seconds,
        )
        return ReadOnlyRegistry.at(
            self.url,
            limits=limits,
            credentials_file=self.credentials_file,
            ca_file=self.ca_file,
            tally=self.tally,
        )

    def describe_requests(self) -> str:
        """Return what was asked, by kind; nothing before: how much there is to ask only the registry knows."""
        return self.tally.describe() if self.tally else ""


def open_registry(url: str, options: RegistrySource) -> RegistrySource:
    """Return the registry at a URL, put into its one form; it is not asked anything yet. Raises UsageError."""
    from tonnage.registry.connection import parse_registry_url
    from tonnage.registry.counts import Tally

    if not options.requests_per_second > 0 or options.concurrency < 1:  # nan is neither more nor less
        raise UsageError("--rate and --concurrency have to be more than 0")
    return options._replace(url=parse_registry_url(url), tally=Tally())


def parse_repositories(text: str) -> tuple[str, ...]:
    """Return the repositories of a file: a name a line, `#` begins a comment.

    >>> parse_repositories("shop/web  # the shop\\n\\nteam-a/api\\n")
    ('shop/web', 'team-a/api')
    """
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return tuple(line for line in lines if line)
