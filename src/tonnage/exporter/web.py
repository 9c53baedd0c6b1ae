"""The web configuration in force: read at the start, and again whenever one of its files changed."""

import logging
import os
import ssl
from typing import NamedTuple

from tonnage.errors import UsageError
from tonnage.exporter.tls import make_context
from tonnage.exporter.webconfig import WebConfig, WebConfigError, parse_web_config

log = logging.getLogger("tonnage")

Stamp = tuple[tuple[int, int, int] | None, ...]
"""Of each file what changes when it does; null for one that is not there."""


class Loaded(NamedTuple):
    """A configuration, ready to use."""

    config: WebConfig
    context: ssl.SSLContext | None


class Web:
    """The configuration in force. What was right last stays in force when the files turn wrong, and that is logged."""

    def __init__(self, path: str | None) -> None:
        """Read the file, if there is one. Raises WebConfigError."""
        self.path = path
        self.is_good = True
        self.loaded = load(path) if path else Loaded(WebConfig(), None)
        self.stamp = self._stamp()

    @property
    def config(self) -> WebConfig:
        """The configuration of this moment."""
        self._refresh()
        return self.loaded.config

    def context(self) -> ssl.SSLContext:
        """Return what new connections are made with."""
        self._refresh()
        assert self.loaded.context is not None  # it is asked for only where there is TLS, which stays so
        return self.loaded.context

    @property
    def has_tls(self) -> bool:
        """Whether connections are encrypted; that does not change while the program runs."""
        return self.loaded.context is not None

    def _refresh(self) -> None:
        if self.path is None or (stamp := self._stamp()) == self.stamp:
            return
        try:
            found = load(self.path)
            if (found.context is None) == self.has_tls:
                raise WebConfigError(f"`{self.path}`: TLS is switched on and off by a restart only")
        except UsageError as error:
            self.is_good = False
            self.stamp = stamp
            log.error("the web configuration stays as it was: %s", error.message)
        else:
            self.is_good, self.loaded = True, found
            self.stamp = self._stamp()  # of the files that are named now
            log.info("the web configuration was read anew")

    def _stamp(self) -> Stamp:
        tls = self.loaded.config.tls
        return tuple(map(_stamp_of, [self.path, *(tls.files if tls else ())])) if self.path else ()


def load(path: str) -> Loaded:
    """Read a configuration and all the files it names. Raises WebConfigError."""
    try:
        with open(path, encoding="utf-8") as file:
            config = parse_web_config(file.read(), path)
    except OSError as error:
        raise WebConfigError(f"cannot read `{path}`: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise WebConfigError(f"`{path}` is no text in UTF-8") from error
    return Loaded(config, make_context(config.tls, path) if config.tls else None)


def _stamp_of(path: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
