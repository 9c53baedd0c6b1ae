"""Policies: which tags and revisions a registry keeps, written in TOML. Pure: rows in, decisions with reasons out.

What keeps wins over what deletes, and what is not known keeps. Tags of signatures and the like, whose subject is there,
are not judged: they live and die with it.

[[rule]]
repositories = ["shop/*"]         # the first rule that names a repository is the one that counts for it
delete_tags = ["pr-*"]            # what may go; without it, every tag may that no keep names
keep_tags = ["v*", "latest"]
keep_last = 10                    # the newest images of each repository, among those whose tags may go
keep_newer_than = "30d"
keep_used_within = "90d"          # pulled, or perhaps pulled, in that time before the scan
unknown_use = "refuse"            # where no use of anything is known; "keep" keeps it all, "ignore" goes by the rest
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
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Literal, NamedTuple

import msgspec

from tonnage.errors import UsageError
from tonnage.sizes import parse_seconds

_MINUTES = re.compile(r"\s*(\d+)\s*m\s*")
_FIRST_IMAGES_SECONDS = 1356998400
"""2013. What says it was created before has no true date: reproducible builds write 1970 or 1980."""
_COPIED_SECONDS = 60
"""Pushes closer than this may have been written by one copy, and say nothing of which was first: a restore, `cp -r` and
`s3 sync` write the links of a repository one right after the other, in the order of their names."""
_DAY_SECONDS = 86400
_MANY_IMAGES = 5
"""Fewer in one minute are nothing to speak of: variants of one build."""
_EXAMPLES = "docs/how-to/write-a-policy.md has examples"


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule, as written."""

    repositories: Annotated[list[str], msgspec.Meta(min_length=1)]
    delete_tags: list[str] | None = None
    keep_tags: list[str] = []
    keep_last: Annotated[int, msgspec.Meta(ge=0)] | None = None
    keep_newer_than: str | None = None
    keep_used_within: str | None = None
    unknown_use: Literal["refuse", "keep", "ignore"] = "refuse"
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
    used_seconds: float | None = None
    """How long before the scan it was used: a pull that is known of."""
    unused_seconds: float | None = None
    """How long before the scan it was surely not used any more."""


class Untagged(NamedTuple):
    """An untagged revision to be judged."""

    repository: str
    digest: str
    kind: str
    pushed_seconds: float | None
    used_seconds: float | None = None
    unused_seconds: float | None = None


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
        for duration in (rule.keep_newer_than, rule.keep_used_within, rule.delete_untagged):
            if isinstance(duration, str):
                parse_duration(duration)
    return policy


def parse_duration(text: str) -> int:
    """Return the seconds of `12h`, `30d`, `2w`, `6mo` or `1y`. Raises UsageError.

    `6m` are minutes elsewhere, and meant months here once: whichever is meant, nothing is deleted by a guess.

    >>> parse_duration("2w")
    1209600
    """
    if match := _MINUTES.fullmatch(text):
        raise UsageError(f"`{text}` is not an age for a policy: m is a minute", f"for months write {match[1]}mo")
    try:
        return int(parse_seconds(re.sub(r"\s+", "", text) if text.strip() != "0" else ""))
    except ValueError:
        raise UsageError(f"`{text}` is not a duration; write it like 12h, 30d, 2w, 6mo or 1y") from None


def rule_for(policy: Policy, repository: str) -> Rule | None:
    """Return the rule that counts for a repository: the first that names it."""
    return next((rule for rule in policy.rule if _matches(repository, rule.repositories)), None)


class Copied(NamedTuple):
    """Images of a repository whose times of push look like those of a copy."""

    repository: str
    images_count: int
    pushed_seconds: float


def judge_tags(
    rule: Rule, tags: Sequence[Candidate], labels: Mapping[str, Mapping[str, str]], now_seconds: float
) -> list[tuple[Candidate, Decision | None]]:
    """Return what a rule says of the tags of one repository; None where it says nothing: the tag stays, unasked.

    `labels` are by digest. `keep_last` counts images, newest first, among those that have a tag the rule lets go.
    Those pushed at the same time are told apart by when they were created; where one does not say, all of them stay.
    """
    asked = [tag for tag in tags if _asks_for(rule, tag)]
    places = _places(rule, asked)
    decided = {tag.tag: _judge(rule, tag, labels.get(tag.digest, {}), now_seconds, places) for tag in asked}
    return [(tag, decided.get(tag.tag)) for tag in tags]


def _asks_for(rule: Rule, tag: Candidate) -> bool:
    """Return whether a rule lets the tag go if nothing keeps it."""
    if rule.delete_repositories:
        return True
    if tag.has_subject:
        return False
    return _matches(tag.tag, rule.delete_tags) if rule.delete_tags is not None else _keeps_anything(rule)


def copied_images(rule: Rule, tags: Sequence[Candidate]) -> Copied | None:
    """Return the images of one repository that a copy without times has written, if the rule goes by such times.

    Their builds lie days apart, or do not say when they were, and their pushes all in one minute.
    """
    if rule.age != "pushed" or not (rule.keep_last or rule.keep_newer_than or isinstance(rule.delete_untagged, str)):
        return None
    pushed, created = _moments(tags, _pushed), _moments(tags, _created)
    group = max(_newest_groups(pushed, _COPIED_SECONDS), key=len, default=[])
    dates = [created[digest] for digest in group if digest in created]
    is_copied = len(dates) < len(group) or max(dates, default=0) - min(dates, default=0) > _DAY_SECONDS
    if len(group) < _MANY_IMAGES or not is_copied:
        return None
    return Copied(tags[0].repository, len(group), pushed[group[0]])


def _places(rule: Rule, tags: Sequence[Candidate]) -> dict[str, int]:
    """Return the place of each image among the newest, from 1, by digest. One of unknown age has none.

    Images that cannot be told apart have the same place, the best that any of them may have.
    """
    pushed, created = _moments(tags, _pushed), _moments(tags, _created)
    orders = [(pushed, _COPIED_SECONDS), (created, 0)]
    (first, margin), (second, second_margin) = orders if rule.age == "pushed" else orders[::-1]
    places: dict[str, int] = {}
    for group in _newest_groups(first, margin):
        moments = {digest: second[digest] for digest in group if digest in second}
        for tied in _newest_groups(moments, second_margin) if len(moments) == len(group) else [group]:
            places.update(dict.fromkeys(tied, len(places) + 1))
    return places


def _newest_groups(moments: Mapping[str, float], margin_seconds: float) -> list[list[str]]:
    """Return what was at one moment together, the newest first: within a group, none is so much older than the next."""
    groups: list[list[str]] = []
    for digest in sorted(moments, key=lambda digest: (-moments[digest], digest)):
        if groups and moments[groups[-1][-1]] - moments[digest] <= margin_seconds:
            groups[-1].append(digest)
        else:
            groups.append([digest])
    return groups


def _moments(tags: Iterable[Candidate], moment_of: Callable[[Candidate], float | None]) -> dict[str, float]:
    """Return when each image was pushed or created, by digest: the time of its youngest tag."""
    moments: dict[str, float] = {}
    for tag in tags:
        if (moment := moment_of(tag)) is not None:
            moments[tag.digest] = max(moment, moments.get(tag.digest, moment))
    return moments


def _judge(
    rule: Rule, tag: Candidate, labels: Mapping[str, str], now_seconds: float, places: Mapping[str, int]
) -> Decision:
    if rule.delete_repositories:
        return Decision(True, "the repository is to go")
    if kept := _kept_because(rule, tag, labels, now_seconds, places):
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
    if used := _used_because(rule, revision):
        return Decision(False, f"no tag leads to it, but {used}")
    if rule.delete_untagged is True:
        return Decision(True, "no tag leads to it")
    if revision.pushed_seconds is None:
        return Decision(False, "its age is unknown")
    if now_seconds - revision.pushed_seconds < parse_duration(rule.delete_untagged):
        return Decision(False, f"no tag leads to it, but it is newer than {rule.delete_untagged}")
    return Decision(True, f"no tag leads to it, older than {rule.delete_untagged}")


def _keeps_anything(rule: Rule) -> bool:
    return bool(
        rule.keep_tags
        or rule.keep_labels
        or rule.keep_last is not None
        or rule.keep_newer_than
        or rule.keep_used_within
    )


def _kept_because(
    rule: Rule, tag: Candidate, labels: Mapping[str, str], now_seconds: float, places: Mapping[str, int]
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
    if rule.keep_last and places[tag.digest] <= rule.keep_last:
        return f"among the last {rule.keep_last}"
    if rule.keep_newer_than and moment is not None and now_seconds - moment < parse_duration(rule.keep_newer_than):
        return f"newer than {rule.keep_newer_than}"
    return _used_because(rule, tag)


def _used_because(rule: Rule, judged: Candidate | Untagged) -> str | None:
    """Return why something counts as used of late. What may have been was: layers that many share tell of none alone."""
    if rule.keep_used_within is None:
        return None
    limit = parse_duration(rule.keep_used_within)
    if judged.used_seconds is not None and judged.used_seconds < limit:
        return f"used within {rule.keep_used_within}"
    if judged.unused_seconds is None:
        return None if rule.unknown_use == "ignore" else "when it was last used is unknown"
    return f"it may have been used within {rule.keep_used_within}" if judged.unused_seconds < limit else None


def _moment(rule: Rule, tag: Candidate) -> float | None:
    """Return the time that counts as the tag's; None if it is unknown."""
    return _pushed(tag) if rule.age == "pushed" else _created(tag)


def _pushed(tag: Candidate) -> float | None:
    return tag.pushed_seconds


def _created(tag: Candidate) -> float | None:
    """Return when the image says that it was created; None where it does not, or cannot have been."""
    created = tag.created_seconds
    return created if created is not None and created >= _FIRST_IMAGES_SECONDS else None


def _match(name: str, patterns: Iterable[str] | None) -> str | None:
    return next((pattern for pattern in patterns or () if fnmatch.fnmatchcase(name, pattern)), None)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return _match(name, patterns) is not None
