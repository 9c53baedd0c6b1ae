"""Policies: which tags and revisions a registry keeps, written in TOML. Pure: rows in, decisions with reasons out.

[[rule]]
repositories = ["shop/*"]         # the first rule that names a repository is the one that counts for it
delete_tags = ["pr-*"]            # what may go; without it, every tag may that no keep names
keep_tags = ["v*", "latest"]
keep_last = 10                    # the newest tags of each repository, by the time they were pushed
keep_newer_than = "30d"
keep_labels = { keep = "true" }   # image labels; "*" is any value
age = "pushed"                    # or "created": what the image says of itself
delete_untagged = "7d"            # revisions no tag leads to, older than this; true is all of them

[[rule]]
repositories = ["attic/*"]
delete_repositories = true
"""

import fnmatch
import re
import tomllib
from collections.abc import Iterable
from typing import Annotated, Literal, NamedTuple

import msgspec

from tonnage.errors import UsageError

_DURATION = re.compile(r"(\d+)\s*(h|d|w|m|y)")
_SECONDS = {"h": 3600, "d": 86400, "w": 7 * 86400, "m": 30 * 86400, "y": 365 * 86400}


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule, as written."""

    repositories: Annotated[list[str], msgspec.Meta(min_length=1)]
    delete_tags: list[str] | None = None
    keep_tags: list[str] = []
    keep_last: Annotated[int, msgspec.Meta(ge=0)] | None = None
    keep_newer_than: str | None = None
    keep_labels: dict[str, str] = {}
    age: Literal["pushed", "created"] = "pushed"
    delete_untagged: bool | str = False
    delete_repositories: bool = False


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A policy: rules, of which the first that names a repository counts for it."""

    rule: Annotated[list[Rule], msgspec.Meta(min_length=1)]


class Candidate(NamedTuple):
    """A tag to be judged. Times are seconds since 1970."""

    repository: str
    tag: str
    digest: str
    kind: str
    pushed_seconds: float | None
    created_seconds: float | None
    newest_number: int
    """1 for the tag of its repository that was pushed last."""


class Untagged(NamedTuple):
    """An untagged revision to be judged."""

    repository: str
    digest: str
    kind: str
    pushed_seconds: float | None


class Decision(NamedTuple):
    """What a rule says of a tag or revision."""

    deletes: bool
    reason: str


def parse_policy(text: str) -> Policy:
    """Return the policy of a TOML text. Raises UsageError, naming what is wrong and where."""
    try:
        policy = msgspec.convert(tomllib.loads(text), Policy)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"the policy is wrong: {error}", "docs/how-to/write-a-policy.md has examples") from error
    for rule in policy.rule:
        for duration in (rule.keep_newer_than, rule.delete_untagged):
            if isinstance(duration, str):
                parse_duration(duration)
    return policy


def parse_duration(text: str) -> int:
    """Return the seconds of `12h`, `30d`, `2w`, `6m` (of 30 days) or `1y`. Raises UsageError.

    >>> parse_duration("2w")
    1209600
    """
    match = _DURATION.fullmatch(text.strip())
    if not match:
        raise UsageError(f"`{text}` is no duration; write it like 12h, 30d, 2w, 6m or 1y")
    return int(match[1]) * _SECONDS[match[2]]


def rule_for(policy: Policy, repository: str) -> Rule | None:
    """Return the rule that counts for a repository: the first that names it."""
    return next((rule for rule in policy.rule if _matches(repository, rule.repositories)), None)


def judge_tag(rule: Rule, tag: Candidate, labels: dict[str, str], now_seconds: float) -> Decision | None:
    """Return what a rule says of a tag; None if it says nothing: it stays, and nobody asked for it to go."""
    if rule.delete_repositories:
        return Decision(True, "the repository is to go")
    wants_tags = rule.delete_tags is not None
    if wants_tags and not _matches(tag.tag, rule.delete_tags or ()):
        return None
    if not wants_tags and not _keeps_anything(rule):
        return None
    if kept := _kept_because(rule, tag, labels, now_seconds):
        return Decision(False, kept)
    return Decision(True, f"matches {' '.join(rule.delete_tags or ())}" if wants_tags else "nothing keeps it")


def judge_untagged(rule: Rule, revision: Untagged, now_seconds: float) -> Decision | None:
    """Return what a rule says of a revision no tag leads to."""
    if revision.kind == "unreadable":
        return Decision(False, "its manifest cannot be read: what it holds is unknown")
    if rule.delete_repositories:
        return Decision(True, "the repository is to go")
    if rule.delete_untagged is False:
        return None
    if rule.delete_untagged is True:
        return Decision(True, "no tag leads to it")
    age = _age(revision.pushed_seconds, now_seconds)
    if age is None:
        return Decision(False, "its age is unknown")
    if age < parse_duration(rule.delete_untagged):
        return Decision(False, f"no tag leads to it, but it is newer than {rule.delete_untagged}")
    return Decision(True, f"no tag leads to it, older than {rule.delete_untagged}")


def _keeps_anything(rule: Rule) -> bool:
    return bool(rule.keep_tags or rule.keep_labels or rule.keep_last is not None or rule.keep_newer_than)


def _kept_because(rule: Rule, tag: Candidate, labels: dict[str, str], now_seconds: float) -> str | None:
    if tag.kind == "unreadable":
        return "its manifest cannot be read: what it holds is unknown"
    if pattern := next((pattern for pattern in rule.keep_tags if fnmatch.fnmatchcase(tag.tag, pattern)), None):
        return f"matches keep_tags {pattern}"
    for name, value in rule.keep_labels.items():
        if name in labels and fnmatch.fnmatchcase(labels[name], value):
            return f"has label {name}={labels[name]}"
    if rule.keep_last is not None and tag.newest_number <= rule.keep_last:
        return f"among the last {rule.keep_last}"
    if rule.keep_newer_than:
        age = _age(tag.created_seconds if rule.age == "created" else tag.pushed_seconds, now_seconds)
        if age is None:
            return "its age is unknown"
        if age < parse_duration(rule.keep_newer_than):
            return f"newer than {rule.keep_newer_than}"
    return None


def _age(moment_seconds: float | None, now_seconds: float) -> float | None:
    return None if moment_seconds is None else now_seconds - moment_seconds


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
