"""What a cloud's refusals mean: the text of an error -> the error a user sees.

obstore has no type for most of them (a missing bucket, a wrong region and a timeout are all `GenericError`), so the
code and status in its text decide. Both are part of the clouds' APIs; the rest of the text is shown, never matched,
but for what has no status: a connection that fails.
"""

import re
from typing import NamedTuple, NoReturn

from tonnage.errors import (
    BucketAccessError,
    BucketError,
    BucketRegionError,
    BucketUnreachableError,
    NoBucketError,
)

_CODE = re.compile(r"<Code>\s*(\w+)\s*</Code>")
_MESSAGE = re.compile(r"<Message>\s*([^<\r\n]+)")
_STATUS = re.compile(r"status code: (\d{3})")
_REGION = re.compile(r"<Region>([a-z0-9-]+)</Region>|expecting '([a-z0-9-]+)'")
_ODD_KEY = re.compile(r'Path "((?:[^"\\]|\\.)*)"')

_BY_CODE: dict[str, type[BucketError]] = {
    "NoSuchBucket": NoBucketError,
    "ContainerNotFound": NoBucketError,
    "ContainerBeingDeleted": NoBucketError,
    "InvalidBucketName": NoBucketError,
    "PermanentRedirect": BucketRegionError,
    "TemporaryRedirect": BucketRegionError,
    "AuthorizationHeaderMalformed": BucketRegionError,
    "RequestTimeTooSkewed": BucketAccessError,
    "SlowDown": BucketUnreachableError,
    "ServerBusy": BucketUnreachableError,
}
_BY_STATUS: dict[int, type[BucketError]] = {
    301: BucketRegionError,
    307: BucketRegionError,
    401: BucketAccessError,
    403: BucketAccessError,
    404: NoBucketError,
    408: BucketUnreachableError,
    429: BucketUnreachableError,
}
_EXPIRED = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidToken",
    "TokenRefreshRequired",
    "InvalidAuthenticationInfo",
}
"""Codes of credentials that were good and are so no more: nothing will be read from here on."""
_NO_CREDENTIALS = re.compile(
    r"169\.254\.|/latest/(?:api/token|meta-data)|metadata\.google|computeMetadata|/metadata/identity|MissingCredential"
)
"""Where credentials are asked for when nothing gives them: the addresses of the clouds' instances."""
_UNREACHABLE = ("timed out", "timeout", "connect", "dns", "certificate", "reset", "closed", "body", "sending request")


_CAUSES = (
    (re.compile(r"certificate", re.IGNORECASE), "its certificate is not trusted"),
    (re.compile(r"InvalidContentType"), "it does not speak TLS: an endpoint of plain http is written with http://"),
    (re.compile(r"TimedOut|timed out", re.IGNORECASE), "no answer in time"),
    (re.compile(r"connection refused", re.IGNORECASE), "connection refused"),
    (re.compile(r"dns error|failed to lookup", re.IGNORECASE), "its host is not known"),
)
"""What a connection fails of, deep in the debug part of the text; the first line says only that it did."""


class Failure(NamedTuple):
    """An error of the cloud, understood."""

    kind: type[BucketError]
    said: str
    """What the cloud said, short."""
    status: int
    is_final: bool
    """Whether every other request will fail too."""
    region: str = ""
    """Where the bucket is, if it says so."""


def understand(error: BaseException) -> Failure:
    """Return what an error of obstore means."""
    text = str(error)
    code = code_match[1] if (code_match := _CODE.search(text)) else ""
    status = int(status_match[1]) if (status_match := _STATUS.search(text)) else 0
    message = message_match[1].strip() if (message_match := _MESSAGE.search(text)) else ""
    region_match = _REGION.search(text)
    region = (region_match[1] or region_match[2]) if region_match else ""
    said = ": ".join(filter(None, (code or (f"status {status}" if status else ""), message))) or _cause(text)
    if code in _EXPIRED:
        return Failure(BucketAccessError, said, status, True)
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status)
    if kind is None and status >= 500:
        kind = BucketUnreachableError
    if kind is None and not status:
        kind = _without_status(text)
    return Failure(kind or BucketError, said, status, kind is NoBucketError or kind is BucketRegionError, region)


def lacks_bucket(error: BaseException) -> bool:
    """Return whether an object is not there because its bucket is not: obstore has one type for both."""
    code = code_match[1] if (code_match := _CODE.search(str(error))) else ""
    return _BY_CODE.get(code) is NoBucketError


def raise_for(location: str, failure: Failure, cause: BaseException | None) -> NoReturn:
    """Raise the error that stops a scan."""
    said = f"`{location}`: {failure.said}"
    match failure.kind:
        case kind if kind is BucketRegionError and failure.region:
            raise kind(said, f"the bucket is in `{failure.region}`: --region {failure.region}") from cause
        case kind if kind is BucketAccessError and not failure.status:
            hint = "set the cloud's variables, such as AWS_ACCESS_KEY_ID; --anonymous for a public bucket"
            raise kind(f"no credentials for `{location}`: {failure.said}", hint) from cause
        case kind if kind is BucketUnreachableError and "certificate" in failure.said:
            raise kind(said, "pass the certificates that the endpoint's is signed with: --ca FILE") from cause
        case kind:
            raise kind(said) from cause


def odd_key(error: BaseException) -> str | None:
    """Return the key that obstore takes for no path (`a//b`, `a/../b`), if that is what the error is about."""
    text = str(error)
    if "invalid path" not in text.lower():
        return None
    found = _ODD_KEY.search(text)
    return found[1].encode().decode("unicode_escape") if found and found[1].isascii() else (found[1] if found else "")


def _without_status(text: str) -> type[BucketError] | None:
    """Return what an error means that is not an answer of a server."""
    if _NO_CREDENTIALS.search(text):
        return BucketAccessError
    lowered = text.lower()
    if "redirect" in lowered:  # of S3, to where the bucket is
        return BucketRegionError
    return BucketUnreachableError if any(word in lowered for word in _UNREACHABLE) else None


def _cause(text: str) -> str:
    """Return why a connection failed; else the beginning of the text without its "Debug source", in a line."""
    for pattern, said in _CAUSES:
        if pattern.search(text):
            return said
    head = text.partition("\n\nDebug source")[0]
    return " ".join(head.split())[:300]
