"""Lines of logs -> what was pulled. Pure: a line at a time, whatever file it is from.

A pull is a GET or HEAD of a manifest, or a GET of a blob, that was answered with it, or with where it is. The address
it came from is not looked at, so it cannot be kept. tonnage's own requests are not pulls.

Forms, and where they are from:
    access log     Apache's combined form: registry 2.x and 3.x (gorilla/handlers CombinedLoggingHandler), nginx, traefik
    registry log   `response completed` of the registry's own log, as text or JSON (distribution, internal/dcontext/http.go)
    traefik        accessLog.format json (traefik, pkg/middlewares/accesslog/logdata.go)
    json log       nginx with a log_format of JSON, by the usual names of its fields
    notifications  events of distribution's webhook, an envelope or an event a line (distribution, notifications/event.go)
    s3 log         S3 server access logs (docs.aws.amazon.com, LogFormat)
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote

import msgspec

from tonnage.formats.names import is_digest

_REQUEST = re.compile(r"^(?:https?://[^/]+)?/v2/(.+)/(manifests|blobs)/([^/?]+)(?:\?.*)?$")
_CLF_TIME = r"\[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]"
_COMBINED = re.compile(rf'^\S+ \S+ .*?{_CLF_TIME} "([A-Z]+) (\S+)[^"]*" (\d{{3}}) (?:\d+|-)(?: "[^"]*" "([^"]*)")?')
_S3 = re.compile(rf'^\S+ \S+ {_CLF_TIME} \S+ \S+ \S+ (\w+\.\w+(?:\.\w+)?) (\S+) "([^"]*)" (\d{{3}}|-)(.*)')
_S3_BLOB = re.compile(r"(?:^|/)docker/registry/v2/blobs/(sha\d+)/[0-9a-f]{2}/([0-9a-f]+)/data$")
_LOGFMT = re.compile(r'([\w.]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))')
_FRACTION = re.compile(r"(\.\d{6})\d+")
_ANSWERED = {200, 206, 302, 303, 304, 307}
"""Also where the answer is where to get it, or that the client has it already."""
_OURS = "tonnage"
_TIMES = ("StartUTC", "time", "@timestamp", "timestamp", "time_iso8601", "ts", "time_local", "msec")
_METHODS = ("http.request.method", "RequestMethod", "request_method", "method")
_ADDRESSES = ("http.request.uri", "RequestPath", "request_uri", "uri", "path")
_STATUSES = ("http.response.status", "DownstreamStatus", "status")
_AGENTS = ("http.request.useragent", "request_User-Agent", "http_user_agent", "user_agent")
_NEVER = "0001-01-01"


class Pull(NamedTuple):
    """Something that was pulled."""

    repository: str | None
    reference: str
    """A tag or a digest."""
    is_blob: bool
    at_us: int
    key: str = ""
    """What tells it from all others; empty where its line does."""


class Line(NamedTuple):
    """What a line says."""

    source: str
    """Its form."""
    at_us: int | None
    pulls: tuple[Pull, ...] = ()
    """None, where it is about something else."""


def parse_line(text: str) -> Line | None:
    """Return what a line says; None if it is in no form that is known.

    >>> parse_line('::1 - - [29/Nov/2026:10:00:00 +0000] "GET /v2/app/manifests/1 HTTP/1.1" 200 5 "" "x"').pulls[0].reference
    '1'
    """
    if text.startswith("{"):
        return _json(text)
    if match := _COMBINED.match(text):
        time, method, address, status, agent = match.groups()
        return _request("access log", _clf_us(time), method, address, int(status), agent or "")
    if match := _S3.match(text):
        return _s3(*match.groups())
    if text.startswith("time=") and "level=" in text:
        fields = {name: quoted.replace('\\"', '"') or plain for name, quoted, plain in _LOGFMT.findall(text)}
        return _fields("registry log", fields)
    return None


def _json(text: str) -> Line | None:
    try:
        document = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    if isinstance(document.get("events"), list):
        return _events(document["events"])
    if "action" in document and "target" in document:
        return _events([document])
    if "RequestPath" in document:
        return _fields("traefik", document)
    if "http.request.uri" in document or ("level" in document and "msg" in document):
        return _fields("registry log", document)
    return _fields("json log", document) if _first(document, _ADDRESSES) else None


def _fields(source: str, fields: Mapping[str, Any]) -> Line | None:
    """Return what a line says whose fields have names; the registry writes much that is about no request."""
    at_us = _time_us(_first(fields, _TIMES))
    address, status = _first(fields, _ADDRESSES), str(_first(fields, _STATUSES))
    if source == "registry log" and (not address or fields.get("msg") != "response completed"):
        return Line(source, at_us)
    if at_us is None or not status.isdigit():
        return None
    method, agent = str(_first(fields, _METHODS)), str(_first(fields, _AGENTS))
    return _request(source, at_us, method, str(address), int(status), agent)


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((fields[name] for name in names if fields.get(name) not in (None, "")), "")


def _request(source: str, at_us: int | None, method: str, address: str, status: int, agent: str) -> Line | None:
    if at_us is None:
        return None
    match = _REQUEST.match(address)
    if not match or status not in _ANSWERED or agent.startswith(_OURS) or method not in ("GET", "HEAD"):
        return Line(source, at_us)
    repository, kind, reference = match[1], match[2], unquote(match[3])
    is_blob = kind == "blobs"
    if is_blob and (method != "GET" or not is_digest(reference)):
        return Line(source, at_us)
    return Line(source, at_us, (Pull(unquote(repository), reference, is_blob, at_us),))


def _s3(time: str, operation: str, key: str, request: str, status: str, rest: str) -> Line | None:
    at_us = _clf_us(time)
    blob = _S3_BLOB.search(unquote(key))
    is_pull = operation == "REST.GET.OBJECT" and status in ("200", "206") and f'"{_OURS}' not in rest
    if at_us is None or not (blob and is_pull):
        return None if at_us is None else Line("s3 log", at_us)
    return Line("s3 log", at_us, (Pull(None, f"{blob[1]}:{blob[2]}", True, at_us),))


def _events(events: list[Any]) -> Line | None:
    pulls, latest_us = [], None
    for event in events:
        target = event.get("target") if isinstance(event, dict) else None
        at_us = _time_us(event.get("timestamp", "")) if isinstance(target, dict) else None
        if at_us is None or not isinstance(target, dict):
            return None
        latest_us = max(at_us, latest_us or at_us)
        digest, repository, request = target.get("digest"), target.get("repository"), event.get("request")
        agent = str(request.get("useragent", "")) if isinstance(request, dict) else ""
        if event.get("action") == "pull" and isinstance(digest, str) and not agent.startswith(_OURS):
            is_blob = "/blobs/" in str(target.get("url", "")) or target.get("mediaType") == "application/octet-stream"
            pulls.append(Pull(str(repository), digest, is_blob, at_us, str(event.get("id", ""))))
    return Line("notifications", latest_us, tuple(pulls)) if events else None


def _time_us(value: Any) -> int | None:
    """Return a time in µs: as ISO 8601, as logs write it, or as seconds since 1970."""
    text = str(value)
    try:
        if re.fullmatch(r"\d{9,10}(?:\.\d+)?", text):
            return int(float(text) * 1_000_000)
        if re.match(r"\d\d/\w{3}/", text):
            return _clf_us(text)
        when = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
        return int(when.replace(tzinfo=when.tzinfo or UTC).timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=4096)
def _clf_us(text: str) -> int | None:
    """Return the time of an access log in µs. One line in many is of the same second as that before it."""
    try:
        return int(datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z").timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        return None


def parse_artifact(artifact: Mapping[str, Any], repository: str = "") -> Pull | None:
    """Return the last pull of an artifact of Harbor's, as its API and its database have it; None if it never was."""
    digest, pulled = artifact.get("digest"), str(artifact.get("pull_time") or "")
    name = repository or str(artifact.get("repository_name") or "")
    if not name or not isinstance(digest, str) or not pulled or pulled == r"\N" or pulled.startswith(_NEVER):
        return None
    at_us = _time_us(pulled)
    return None if at_us is None else Pull(name, digest, False, at_us, f"{name}@{digest} {at_us}")
