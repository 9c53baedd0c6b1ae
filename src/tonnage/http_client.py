"""HTTP clients that use the environment's proxies and certificates, and name the variable that cannot be used.

Proxies are in HTTP_PROXY and the like, certificates in SSL_CERT_FILE. Nothing of a proxy's address is repeated: it may
hold a password.
"""

import os
from typing import TYPE_CHECKING, Any

from tonnage.errors import UsageError, reason_of

if TYPE_CHECKING:
    import httpx2

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def client(**options: Any) -> "httpx2.Client":
    """Return a client. Raises UsageError for a proxy or certificates that cannot be used, even if they are not needed."""
    import httpx2

    try:
        return httpx2.Client(**options)
    except OSError as error:  # ssl.SSLError is one
        names = " or ".join(name for name in _CERTIFICATES if os.environ.get(name)) or "the system"
        message = f"cannot use the certificates that {names} names: {reason_of(error)}"
        raise UsageError(message, "unset it, or have it name PEM certificates") from error
    except (httpx2.InvalidURL, ValueError, ImportError) as error:
        message = f"the proxy that {_wrong_proxy()} names cannot be used"
        raise UsageError(message, "unset it, or write it like http://proxy:3128; SOCKS is not supported") from error


def _wrong_proxy() -> str:
    """Return the name of the variable that httpx refuses."""
    import httpx2

    for name in (*_PROXIES, *map(str.lower, _PROXIES)):
        if not (value := os.environ.get(name)):
            continue
        try:
            httpx2.Client(proxy=value if "://" in value else f"http://{value}", trust_env=False).close()
        except (httpx2.InvalidURL, ValueError, ImportError):
            return name
    return "NO_PROXY"
