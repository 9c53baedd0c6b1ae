"""Clients of HTTP that go by the proxies of the environment, and say so where one of these is not an address."""

from typing import TYPE_CHECKING, Any

from tonnage.errors import UsageError

if TYPE_CHECKING:
    import httpx2


def client(**options: Any) -> "httpx2.Client":
    """Return a client. Raises UsageError for a proxy that cannot be used, be it needed or not."""
    import httpx2

    try:
        return httpx2.Client(**options)
    except (httpx2.InvalidURL, ValueError) as error:  # the second one for a scheme that it does not know
        raise UsageError(f"a proxy in the environment is not an address: {error}", "see HTTP_PROXY") from error
