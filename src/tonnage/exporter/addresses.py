"""Where to listen: `:8080`, `0.0.0.0:8080`, `[::1]:8080`, `localhost:8080`, as Prometheus' own programs take it."""

import contextlib
import errno
import socket
from collections.abc import Sequence

from tonnage.errors import TonnageError, UsageError


class AddressError(TonnageError):
    """The address cannot be listened on: in use, not of this machine, a port for root alone."""

    hint = "another one: --web.listen-address=:9187"


def parse_address(text: str) -> tuple[str, int]:
    """Return host and port. No host is all addresses of the machine. Raises UsageError.

    >>> parse_address(":8080"), parse_address("[::1]:9090")
    (('', 8080), ('::1', 9090))
    """
    host, colon, port = text.rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535 or (":" in host) != is_bracketed:
        raise UsageError(
            f"`{text}` is not an address to listen on", "write it like :8080, 127.0.0.1:8080 or [::1]:8080"
        )
    return host[1:-1] if is_bracketed else host, int(port)


def listen(addresses: Sequence[str]) -> list[socket.socket]:
    """Return a listening socket for each address. Raises UsageError and AddressError, with none left open."""
    with contextlib.ExitStack() as opened:
        sockets = [opened.enter_context(_bind(text)) for text in addresses]
        opened.pop_all()
        return sockets


def url_of(listening: socket.socket, has_tls: bool) -> str:
    """Return where a socket listens, the port that was found for port 0 included."""
    host, port = listening.getsockname()[:2]
    return f"{'https' if has_tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def _bind(text: str) -> socket.socket:
    host, port = parse_address(text)
    try:
        if not host:
            return _listen_everywhere(port)
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise AddressError(f"cannot listen on `{text}`: {error.strerror or error}") from error


def _listen_everywhere(port: int) -> socket.socket:
    """Listen on IPv6 and IPv4 with one socket, or on IPv4 where there is no IPv6."""
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=2048)
        except OSError as error:
            if error.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
                raise
    return socket.create_server(("", port), backlog=2048)
