"""Policies: which tags and revisions a registry keeps, written in TOML. Pure: rows in, decisions with reasons out.

What keeps wins over what deletes, and what is not known keeps. Tags of signatures and the like, whose subject is there,
are not judged: they live and die with it.

[[rule]]
repositories = ["shop/*"]         # the first rule that names a repository is the one that counts for it
delete_tags = ["pr-*"]            # what may go; without it, every tag may that no keep names
keep_tags = ["v*", "latest"]
keep_last = 10                    # the newest images of each repository, among those whose tags may go
keep_newer_than = "30d"
keep_labels = { keep = "true" }   # image labels; "*" is any value
age = "pushed"                    # what is newer: by the time of the push, or "created", what the image says of itself
delete_untagged = "7d"            # revisions no tag leads to, older than this; true is all of them

[[rule]]
repositories = ["attic/*"]
delete_repositories = true
"""

import fnmatch
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal, NamedTuple

import msgspec

from tonnage.errors import UsageError

_DURATION = re.compile(r"(\d+)\s*(h|d|w|m|y)")
_FIRST_IMAGES_SECONDS = 1356998400
"""2013. What says it was created before has no true date: reproducible builds write 1970 or 1980."""
_EXAMPLES = "docs/how-to/write-a-policy.md has examples"
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
    has_subject: bool = False
    """It is about another manifest of the repository: a signature, an SBOM."""


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
        raise UsageError(f"the policy is wrong: {error}", _EXAMPLES) from error
    except RecursionError as error:
        raise UsageError("the policy is wrong: nested too deeply", _EXAMPLES) from error
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


def judge_tags(
    rule: Rule, tags: Sequence[Candidate], labels: Mapping[str, Mapping[str, str]], now_seconds: float
) -> list[tuple[Candidate, Decision | None]]:
    """Return what a rule says of the tags of one repository; None where it says nothing: the tag stays, unasked.

    `labels` are by digest. `keep_last` counts images, newest first, among those that have a tag the rule lets go.
    """
    asked = [tag for tag in tags if _asks_for(rule, tag)]
    newest = _newest_first(rule, asked)
    decided = {tag.tag: _judge(rule, tag, labels.get(tag.digest, {}), now_seconds, newest) for tag in asked}
    return [(tag, decided.get(tag.tag)) for tag in tags]


def _asks_for(rule: Rule, tag: Candidate) -> bool:
    """Return whether a rule lets the tag go if nothing keeps it."""
    if rule.delete_repositories:
        return True
    if tag.has_subject:
        return False
    return _matches(tag.tag, rule.delete_tags) if rule.delete_tags is not None else _keeps_anything(rule)


def _newest_first(rule: Rule, tags: Iterable[Candidate]) -> dict[str, int]:
    """Return the place of each image among the newest, from 1, by digest. One of unknown age has none."""
    moments: dict[str, float] = {}
    for tag in tags:
        if (moment := _moment(rule, tag)) is not None:
            moments[tag.digest] = max(moment, moments.get(tag.digest, moment))
    ordered = sorted(moments, key=lambda digest: (-moments[digest], digest))
    return {digest: place for place, digest in enumerate(ordered, 1)}


def _judge(
    rule: Rule, tag: Candidate, labels: Mapping[str, str], now_seconds: float, newest: Mapping[str, int]
) -> Decision:
    if rule.delete_repositories:
        return Decision(True, "the repository is to go")
    if kept := _kept_because(rule, tag, labels, now_seconds, newest):
        return Decision(False, kept)
    return Decision(True, f"matches {_match(tag.tag, rule.delete_tags)}" if rule.delete_tags else "nothing keeps it")


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
    if revision.pushed_seconds is None:
        return Decision(False, "its age is unknown")
    if now_seconds - revision.pushed_seconds < parse_duration(rule.delete_untagged):
        return Decision(False, f"no tag leads to it, but it is newer than {rule.delete_untagged}")
    return Decision(True, f"no tag leads to it, older than {rule.delete_untagged}")


def _keeps_anything(rule: Rule) -> bool:
    return bool(rule.keep_tags or rule.keep_labels or rule.keep_last is not None or rule.keep_newer_than)


def _kept_because(
    rule: Rule, tag: Candidate, labels: Mapping[str, str], now_seconds: float, newest: Mapping[str, int]
) -> str | None:
    if tag.kind == "unreadable":
        return "its manifest cannot be read: what it holds is unknown"
    if pattern := _match(tag.tag, rule.keep_tags):
        return f"matches keep_tags {pattern}"
    for name, value in rule.keep_labels.items():
        if name in labels and fnmatch.fnmatchcase(labels[name], value):
            return f"has label {name}={labels[name]}"
    moment = _moment(rule, tag)
    if moment is None and (rule.keep_last or rule.keep_newer_than):
        return "its age is unknown"
    if rule.keep_last and newest[tag.digest] <= rule.keep_last:
        return f"among the last {rule.keep_last}"
    if rule.keep_newer_than and moment is not None and now_seconds - moment < parse_duration(rule.keep_newer_than):
        return f"newer than {rule.keep_newer_than}"
    return None


def _moment(rule: Rule, tag: Candidate) -> float | None:
    """Return the time that counts as the tag's; None if it is unknown."""
    if rule.age == "pushed":
        return tag.pushed_seconds
    created = tag.created_seconds
    return created if created is not None and created >= _FIRST_IMAGES_SECONDS else None


def _match(name: str, patterns: Iterable[str] | None) -> str | None:
    return next((pattern for pattern in patterns or () if fnmatch.fnmatchcase(name, pattern)), None)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return _match(name, patterns) is not None
