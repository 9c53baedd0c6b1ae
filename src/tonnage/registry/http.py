"""One HTTP exchange after another: bounded in number, rate and time, and tried again where that helps. No credentials.

GET, HEAD, PUT and DELETE of a registry are idempotent, so any of them may be sent again when its answer was lost; who
has to know that this happened reads `Answer.attempts_count`.
"""

import random
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import httpx2
import msgspec

from tonnage import __version__
from tonnage.errors import RegistryError, RegistryUnreachableError, UsageError
from tonnage.http_client import client
from tonnage.registry.counts import Tally

BODY_BYTES_LIMIT = 64 * 1024 * 1024
"""More than any manifest, config or listing; an endless answer must not fill the memory."""

_REDIRECTS_LIMIT = 5
_RETRIED: dict[int, int] = {429: 9, 500: 3, 502: 9, 503: 9, 504: 9}
"""Status -> attempts at most. A 500 is mostly a file the registry cannot read, and stays one."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How a registry is treated."""

    requests_per_second: float = 50.0
    concurrency: int = 4
    """Requests under way at once."""
    attempts_count: int = 6
    pause_seconds: float = 0.5
    """Before the second attempt; doubled before each further one."""
    longest_pause_seconds: float = 30.0
    longest_wait_seconds: float = 120.0
    """What `Retry-After` may ask for; a registry that wants more is not available."""
    timeout_seconds: float = 60.0
    """Until an answer begins, and then until its end: one that comes a byte at a time does not come."""
    connect_seconds: float = 10.0


class CutOffError(RegistryError):
    """An answer began, and broke off each time before its end."""


class TooSlowError(RegistryUnreachableError):
    """An answer does not come in the time it is given."""

    hint = "see whether the registry runs; `tonnage scan --timeout SECONDS` gives a slow one longer"


class HungUpError(RegistryUnreachableError):
    """The connection ends without an answer, each time: what answers there has crashed, or is going down."""


class Fault(NamedTuple):
    """One entry of a registry's error document."""

    code: str
    message: str
    detail: object


class Answer(NamedTuple):
    """What came back, whatever its status."""

    status: int
    headers: httpx2.Headers
    body: bytes
    attempts_count: int = 1

    @property
    def faults(self) -> list[Fault]:
        """The errors in the body; empty where it has none in the registry's form."""
        try:
            document = msgspec.json.decode(self.body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return []
        errors = document.get("errors") if isinstance(document, dict) else None
        entries = [entry for entry in errors if isinstance(entry, dict)] if isinstance(errors, list) else []
        return [Fault(str(e.get("code", "")), str(e.get("message", "")), e.get("detail")) for e in entries]

    @property
    def code(self) -> str:
        """The first error code, such as `MANIFEST_UNKNOWN`; empty without one."""
        faults = self.faults
        return faults[0].code if faults else ""

    def describe(self) -> str:
        """Return status, code and message, as a person is shown them."""
        said = [f"{fault.code}: {fault.message}" for fault in self.faults[:1]]
        return " ".join([f"HTTP {self.status}", *said])


class Wire:
    """Sends requests. Safe to use from several threads: the limits hold for all of them together."""

    def __init__(
        self,
        limits: Limits,
        *,
        ca_file: str = "",
        transport: httpx2.BaseTransport | None = None,
        now: Callable[[], float] = time.monotonic,
        tally: Tally | None = None,
    ) -> None:
        self.tally = tally or Tally()
        self._limits = limits
        self._now = now
        self._cancelled = threading.Event()
        self._places = threading.BoundedSemaphore(limits.concurrency)
        self._turns = threading.Lock()
        self._next_turn = 0.0
        self._client = client(
            verify=_trust(ca_file) if ca_file else True,
            transport=transport,
            timeout=httpx2.Timeout(limits.timeout_seconds, connect=limits.connect_seconds),
            headers={"User-Agent": f"tonnage/{__version__}"},
        )

    def exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        *,
        attempts_count: int = 0,
    ) -> Answer:
        """Return the answer to a request; after passing faults it is sent again. Raises RegistryUnreachableError or
        CutOffError.

        `attempts_count` is how often to try where there is no answer at all.
        """
        limit = attempts_count or self._limits.attempts_count
        attempt = 1
        while True:
            pause = _jitter(min(self._limits.longest_pause_seconds, self._limits.pause_seconds * 2 ** (attempt - 1)))
            try:
                answer = self._send(method, url, dict(headers or {}), content)
            except httpx2.TransportError as error:
                if attempt >= limit or not _may_pass(error):
                    raise _lasting(url, error) from error
            except (httpx2.RequestError, httpx2.InvalidURL, ValueError) as error:
                raise RegistryError(f"`{url}` cannot be asked, or not understood: {error}") from error
            else:
                pause = max(pause, _retry_after_seconds(answer.headers))
                is_last = attempt >= min(self._limits.attempts_count, _RETRIED.get(answer.status, 1))
                if is_last or pause > self._limits.longest_wait_seconds:
                    return answer._replace(attempts_count=attempt)
            self._sleep(pause)
            attempt += 1

    def cancel(self) -> None:
        """Wake whoever waits for a turn or another attempt, with an error: the program is to end."""
        self._cancelled.set()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _send(self, method: str, url: str, headers: dict[str, str], content: bytes | None) -> Answer:
        """Send once. Reads follow redirects (blobs are often elsewhere); httpx2 keeps credentials from other hosts."""
        request = self._client.build_request(method, url, headers=headers, content=content)
        for _ in range(_REDIRECTS_LIMIT):
            self._wait_for_turn()
            with self._places:
                with self._turns:
                    self.tally.add(request.method, str(request.url))
                response = self._client.send(request, stream=True)
                try:
                    answer = Answer(response.status_code, response.headers, self._read(response))
                finally:
                    response.close()
            if response.next_request is None or method not in ("GET", "HEAD"):
                return answer
            if request.url.scheme == "https" and response.next_request.url.scheme != "https":
                raise RegistryError(f"`{request.url}` redirects to plain http")
            request = response.next_request
        raise RegistryError(f"`{url}` redirects for ever")

    def _read(self, response: httpx2.Response) -> bytes:
        pieces, size_bytes, deadline = [], 0, time.monotonic() + self._limits.timeout_seconds
        try:
            for piece in response.iter_bytes():
                size_bytes += len(piece)
                if size_bytes > BODY_BYTES_LIMIT:
                    raise RegistryError(f"`{response.url}` answers with more than {BODY_BYTES_LIMIT >> 20} MiB")
                if time.monotonic() > deadline:
                    raise httpx2.ReadTimeout("the answer has no end", request=response.request)
                pieces.append(piece)
        except httpx2.RemoteProtocolError as error:
            raise _Cut(str(error)) from error
        return b"".join(pieces)

    def _wait_for_turn(self) -> None:
        with self._turns:
            turn = max(self._now(), self._next_turn)
            self._next_turn = turn + 1 / self._limits.requests_per_second
        self._sleep(turn - self._now())

    def _sleep(self, seconds: float) -> None:
        if self._cancelled.wait(max(0.0, seconds)) if seconds > 0 else self._cancelled.is_set():
            raise RegistryUnreachableError("interrupted")


class _Cut(httpx2.RemoteProtocolError):
    """The connection ended within a body."""


def _jitter(seconds: float) -> float:
    """Return between half and all of a pause, so that many clients do not come back together."""
    return seconds * random.uniform(0.5, 1.0)


def _retry_after_seconds(headers: httpx2.Headers) -> float:
    """Return the seconds of `Retry-After`; its form as a date is rare enough to be left to the back-off."""
    value = headers.get("retry-after", "")
    return float(value) if value.isdecimal() else 0.0


def _trust(ca_file: str) -> ssl.SSLContext:
    """Return the system's authorities and those in the file: a token server may be a public one."""
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        message = f"cannot use `{ca_file}` as certificates: {error.strerror or error}"
        raise UsageError(message, "pass a file of PEM certificates") from error
    return context


def _may_pass(error: httpx2.TransportError) -> bool:
    return not isinstance(_ssl_cause(error), ssl.SSLError) and not isinstance(
        error, httpx2.UnsupportedProtocol | httpx2.LocalProtocolError
    )


def _ssl_cause(error: BaseException) -> BaseException | None:
    """Return the TLS error behind an error, if there is one."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    return cause


def _lasting(url: str, error: httpx2.TransportError) -> RegistryError:
    """Return the error for a fault that did not pass."""
    if isinstance(error, _Cut):
        return CutOffError(f"the answer to `{url}` breaks off")
    cause = _ssl_cause(error)
    where = str(httpx2.URL(url).copy_with(path="/", query=None))
    if isinstance(cause, ssl.SSLCertVerificationError):
        return RegistryUnreachableError(
            f"the certificate of `{where}` is not trusted: {cause.verify_message}",
            "pass the authority's certificate with --ca FILE",
        )
    if cause is not None:
        return RegistryUnreachableError(
            f"`{where}` does not speak TLS: {cause}", "if it is meant to be plain http, write http:// in the URL"
        )
    if isinstance(error, httpx2.RemoteProtocolError | httpx2.ReadError):
        return HungUpError(f"`{where}` ends the connection without an answer")
    if isinstance(error, httpx2.ReadTimeout):
        return TooSlowError(f"cannot reach `{where}`: no answer in time")
    kind = "no answer in time" if isinstance(error, httpx2.TimeoutException) else str(error) or type(error).__name__
    return RegistryUnreachableError(f"cannot reach `{where}`: {kind}")
