"""What a policy keeps and lets go, and why."""

import pytest

from tonnage.errors import UsageError
from tonnage.policy import Candidate, Untagged, judge_tag, judge_untagged, parse_policy, rule_for

DAY = 86400.0
NOW = 1000 * DAY


def tag(name: str = "x", *, days: float | None = 100, number: int = 99, created: float | None = None) -> Candidate:
    """A tag pushed so many days ago."""
    pushed = None if days is None else NOW - days * DAY
    return Candidate(
        "shop/web", name, "sha256:1", "image", pushed, None if created is None else NOW - created * DAY, number
    )


def verdict(rule: str, candidate: Candidate, labels: dict[str, str] | None = None) -> str:
    """Return `goes` or `stays` with the reason, or `-` where the rule says nothing."""
    (parsed,) = parse_policy(f'[[rule]]\nrepositories = ["*"]\n{rule}').rule
    decision = judge_tag(parsed, candidate, labels or {}, NOW)
    return "-" if decision is None else f"{'goes' if decision.deletes else 'stays'}: {decision.reason}"


@pytest.mark.parametrize(
    ("rule", "candidate", "expected"),
    [
        ("", tag(), "-"),
        ("keep_last = 3", tag(number=3), "stays: among the last 3"),
        ("keep_last = 3", tag(number=4), "goes: nothing keeps it"),
        ("keep_last = 0", tag(number=1), "goes: nothing keeps it"),
        ('keep_newer_than = "30d"', tag(days=29), "stays: newer than 30d"),
        ('keep_newer_than = "30d"', tag(days=31), "goes: nothing keeps it"),
        ('keep_newer_than = "30d"', tag(days=None), "stays: its age is unknown"),
        ('keep_newer_than = "30d"\nage = "created"', tag(days=1, created=31), "goes: nothing keeps it"),
        ('keep_tags = ["v*", "latest"]', tag("latest"), "stays: matches keep_tags latest"),
        ('keep_tags = ["v*"]', tag("V1"), "goes: nothing keeps it"),
        ('delete_tags = ["pr-*"]', tag("pr-7"), "goes: matches pr-*"),
        ('delete_tags = ["pr-*"]', tag("v1"), "-"),
        ('delete_tags = ["pr-*"]\nkeep_newer_than = "30d"', tag("pr-7", days=3), "stays: newer than 30d"),
        ("delete_tags = []", tag(), "-"),
        ("delete_repositories = true", tag(), "goes: the repository is to go"),
        ("delete_untagged = true", tag(), "-"),
        (
            "keep_last = 1",
            tag()._replace(kind="unreadable"),
            "stays: its manifest cannot be read: what it holds is unknown",
        ),
    ],
)
def test_tags(rule: str, candidate: Candidate, expected: str) -> None:
    """What keeps wins over what deletes, and a rule that says nothing of tags touches none."""
    assert verdict(rule, candidate) == expected


def test_labels() -> None:
    """A label keeps by value, with * for any."""
    assert verdict('keep_labels = { keep = "true" }', tag(), {"keep": "true"}) == "stays: has label keep=true"
    assert verdict('keep_labels = { keep = "true" }', tag(), {"keep": "false"}) == "goes: nothing keeps it"
    assert verdict('keep_labels = { owner = "*" }', tag(), {"owner": "ada"}) == "stays: has label owner=ada"


@pytest.mark.parametrize(
    ("setting", "days", "expected"),
    [("false", 100, None), ("true", 0, True), ('"7d"', 8, True), ('"7d"', 6, False), ('"7d"', None, False)],
)
def test_untagged(setting: str, days: float | None, expected: bool | None) -> None:
    """Untagged revisions go when asked for, and only if they are known to be old enough."""
    (rule,) = parse_policy(f'[[rule]]\nrepositories = ["*"]\ndelete_untagged = {setting}').rule
    pushed = None if days is None else NOW - days * DAY
    decision = judge_untagged(rule, Untagged("shop/web", "sha256:1", "image", pushed), NOW)
    assert (decision.deletes if decision else None) is expected


def test_first_rule_counts() -> None:
    """The first rule that names a repository is the one for it; a repository no rule names is left alone."""
    policy = parse_policy('[[rule]]\nrepositories = ["shop/web"]\n[[rule]]\nrepositories = ["shop/*"]\nkeep_last = 1\n')
    assert rule_for(policy, "shop/web") is policy.rule[0]
    assert rule_for(policy, "shop/api") is policy.rule[1]
    assert rule_for(policy, "infra/dns") is None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "rule"),
        ("[[rule]]\n", "repositories"),
        ("[[rule]]\nrepositories = []\n", "repositories"),
        ('[[rule]]\nrepositories = ["*"]\nkeep_lats = 3\n', "keep_lats"),
        ('[[rule]]\nrepositories = ["*"]\nkeep_last = -1\n', "keep_last"),
        ('[[rule]]\nrepositories = ["*"]\nkeep_newer_than = "soon"\n', "soon"),
        ('[[rule]]\nrepositories = ["*"]\ndelete_untagged = "7 days"\n', "7 days"),
        ("[[rule", "TOML|line|column|at end|Expected"),
    ],
)
def test_wrong_policies(text: str, named: str) -> None:
    """A policy with anything in it that is not understood is refused, and the thing is named."""
    with pytest.raises(UsageError, match=named):
        parse_policy(text)
