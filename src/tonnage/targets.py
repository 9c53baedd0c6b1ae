"""What a person names: `REPO`, `REPO:TAG`, `REPO@DIGEST`, with `*`, `?` and `[…]` in repository and tag. Pure."""

import fnmatch
import re
from typing import NamedTuple

from tonnage.errors import UsageError


class Target(NamedTuple):
    """Something named for deletion. Without tag and digest: the whole repository."""

    repository: str
    tag: str | None = None
    digest: str | None = None
    """A digest, or the beginning of one."""

    @property
    def repository_regex(self) -> str:
        """The repository pattern as a regular expression: `*` matches slashes too."""
        return _regex(self.repository)

    @property
    def tag_regex(self) -> str | None:
        """The tag pattern as a regular expression."""
        return None if self.tag is None else _regex(self.tag)


def parse_target(text: str) -> Target:
    """Return the target a person wrote. Raises UsageError.

    >>> parse_target("team/*:pr-*")
    Target(repository='team/*', tag='pr-*', digest=None)
    >>> parse_target("app@sha256:4f4f").digest
    'sha256:4f4f'
    """
    repository, at, digest = text.partition("@")
    if at:
        digest = digest if ":" in digest else f"sha256:{digest}"
        if not repository or not re.fullmatch(r"sha\d+:[0-9a-f]{4,}", digest):
            raise UsageError(f"`{text}` is no target", "write REPO, REPO:TAG or REPO@DIGEST")
        return Target(repository, digest=digest)
    repository, colon, tag = text.partition(":")
    if not repository or (colon and not tag):
        raise UsageError(f"`{text}` is no target", "write REPO, REPO:TAG or REPO@DIGEST")
    return Target(repository, tag if colon else None)


def _regex(pattern: str) -> str:
    """Return the glob as a regular expression for the database, which anchors by itself (regexp_full_match)."""
    return fnmatch.translate(pattern).removeprefix("(?s:").removesuffix(")\\Z").removesuffix(")\\z")
