"""The web configuration in force: read at the start, and again whenever one of its files changed.

A thread looks after the files, so that no request waits for a disk or a parser. What comes with a change may be half
written, emptied by a full disk, or hostile: only what is right and protects no less than before comes into force.
"""

import logging
import os
import ssl
import threading
import time
from typing import NamedTuple

from tonnage.errors import UsageError
from tonnage.exporter.files import read_file
from tonnage.exporter.tls import make_context
from tonnage.exporter.webconfig import WebConfig, WebConfigError, parse_web_config

log = logging.getLogger("tonnage")

_LOOK_SECONDS = 0.25
"""Between two looks at the files."""
_RETRY_SECONDS = 10.0
"""Between two attempts with files that are wrong and do not change: another file that they name may have come."""

Stamp = tuple[tuple[int, ...] | None, ...]
"""Of each file what changes when it does; null for one that is not there."""


class Loaded(NamedTuple):
    """A configuration, ready to use."""

    config: WebConfig
    context: ssl.SSLContext | None
    stamp: Stamp = ()
    """Of its files, from before they were read."""


class Web:
    """The configuration in force. What was right last stays in force when the files turn wrong, and that is logged."""

    def __init__(self, path: str | None) -> None:
        """Read the file, if there is one. Raises WebConfigError."""
        self.path = path
        self.is_good = True
        self.loaded = load(path) if path else Loaded(WebConfig(), None)
        self.stamp = self.loaded.stamp
        self.complaint = ""
        self.tried_at = time.monotonic()

    @property
    def config(self) -> WebConfig:
        """The configuration in force."""
        return self.loaded.config

    def context(self) -> ssl.SSLContext:
        """Return what new connections are made with."""
        assert self.loaded.context is not None  # it is asked for only where there is TLS, which stays so
        return self.loaded.context

    @property
    def has_tls(self) -> bool:
        """Whether connections are encrypted; that does not change while the program runs."""
        return self.loaded.context is not None

    def watch(self) -> None:
        """Look at the files from time to time, in a thread that nobody waits for, as a dead disk never answers."""
        if self.path:
            threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            try:
                self.refresh()
            except Exception:  # whatever is in the files: scrapes go on, and so do the looks
                self.is_good = False
                log.exception("the web configuration stays as it was")

    def refresh(self) -> None:
        """Bring what changed into force, if it is right."""
        if not self.path or not self._is_to_be_read():
            return
        self.stamp, self.tried_at = self._stamp(), time.monotonic()
        try:
            found = load(self.path)
            if opened := what_opens(self.config, found.config):
                raise WebConfigError(f"`{self.path}`: {opened} by a restart only")
        except UsageError as error:
            self._complain(error.message)
        else:
            self.is_good, self.loaded, self.stamp, self.complaint = True, found, found.stamp, ""
            log.info("the web configuration was read again")

    def _is_to_be_read(self) -> bool:
        is_due = not self.is_good and time.monotonic() - self.tried_at > _RETRY_SECONDS
        return is_due or self._stamp() != self.stamp

    def _complain(self, message: str) -> None:
        """Log what is wrong, once."""
        self.is_good = False
        if message != self.complaint:
            log.error("the web configuration stays as it was: %s", message)
        self.complaint = message

    def _stamp(self) -> Stamp:
        return _stamp_of(self.path, self.config) if self.path else ()


def load(path: str) -> Loaded:
    """Read a configuration and all the files it names. Raises WebConfigError."""
    stamp = _stamp_of(path)
    try:
        config = parse_web_config(read_file(path), path)
    except OSError as error:
        raise WebConfigError(f"cannot read `{path}`: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise WebConfigError(f"`{path}` is not UTF-8 text") from error
    stamp += _stamp_of(path, config)[1:]
    return Loaded(config, make_context(config.tls, path) if config.tls else None, stamp)


def what_opens(before: WebConfig, after: WebConfig) -> str:
    """Return by what a change would let in somebody who is kept out, without naming one who may come in; else nothing.

    A file that was emptied, cut off or put back in part looks like one that asks for less.
    """
    if (before.tls is None) != (after.tls is None):
        return "TLS is switched on and off"
    if before.users and not after.users:
        return "the last user is removed"
    if before.tls and after.tls:
        if before.tls.asks_for_certificates and not after.tls.asks_for_certificates:
            return "clients' certificates are no longer asked for"
        if before.tls.client_allowed_sans and not after.tls.client_allowed_sans:
            return "the last of `client_allowed_sans` is removed"
    return ""


def _stamp_of(path: str, config: WebConfig | None = None) -> Stamp:
    tls = config.tls if config else None
    return tuple(map(_stamp_of_file, [path, *(tls.files if tls else ())]))


def _stamp_of_file(path: str) -> tuple[int, ...] | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # not there, or not a path
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
