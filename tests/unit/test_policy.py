"""What a policy keeps and lets go, and why."""

import pytest

from tonnage.errors import UsageError
from tonnage.planning.policy import (
    Candidate,
    Rule,
    Untagged,
    copied_images,
    judge_tags,
    judge_untagged,
    parse_duration,
    parse_policy,
    rule_for,
)
from tonnage.sizes import parse_seconds

DAY = 86400.0
NOW = 20_000 * DAY


def tag(name: str = "x", *, days: float | None = 100, created: float | None = None, digest: str = "") -> Candidate:
    """A tag pushed so many days ago."""
    pushed = None if days is None else NOW - days * DAY
    made = None if created is None else NOW - created * DAY
    return Candidate("shop/web", name, digest or f"sha256:{name}", "image", pushed, made)


def used(used_days: float | None, unused_days: float | None) -> Candidate:
    """A tag whose last use lies between so many days ago, as far as is known."""
    at_least, at_most = (None if days is None else days * DAY for days in (used_days, unused_days))
    return tag()._replace(used_seconds=at_least, unused_seconds=at_most)


def policy_rule(settings: str) -> Rule:
    """A rule for all repositories."""
    (parsed,) = parse_policy(f'[[rule]]\nrepositories = ["*"]\n{settings}').rule
    return parsed


def verdicts(rule: str, *tags: Candidate, labels: dict[str, str] | None = None) -> list[str]:
    """Return of each tag `goes` or `stays` with the reason, or `-` where the rule says nothing."""
    judged = judge_tags(policy_rule(rule), tags, {tag.digest: labels or {} for tag in tags}, NOW)
    return [f"{'goes' if d.deletes else 'stays'}: {d.reason}" if d else "-" for _, d in judged]


@pytest.mark.parametrize(
    ("rule", "candidate", "expected"),
    [
        ("", tag(), "-"),
        ("keep_last = 1", tag(), "stays: among the last 1"),
        ("keep_last = 0", tag(), "goes: nothing keeps it"),
        ("keep_last = 1", tag(days=None), "stays: its age is unknown"),
        ('keep_newer_than = "30d"', tag(days=29), "stays: newer than 30d"),
        ('keep_newer_than = "30d"', tag(days=31), "goes: nothing keeps it"),
        ('keep_newer_than = "30d"', tag(days=None), "stays: its age is unknown"),
        ('keep_newer_than = "30d"\nage = "created"', tag(days=1, created=31), "goes: nothing keeps it"),
        ('keep_newer_than = "30d"\nage = "created"', tag(days=99, created=29), "stays: newer than 30d"),
        ('keep_newer_than = "30d"\nage = "created"', tag(created=None), "stays: its age is unknown"),
        ('keep_newer_than = "30d"\nage = "created"', tag(created=NOW / DAY), "stays: its age is unknown"),
        ('keep_tags = ["v*", "latest"]', tag("latest"), "stays: matches keep_tags latest"),
        ('keep_tags = ["v*"]', tag("V1"), "goes: nothing keeps it"),
        ('delete_tags = ["x", "pr-*"]', tag("pr-7"), "goes: matches pr-*"),
        ('delete_tags = ["pr-*"]', tag("v1"), "-"),
        ('delete_tags = ["pr-*"]\nkeep_newer_than = "30d"', tag("pr-7", days=3), "stays: newer than 30d"),
        ("delete_tags = []", tag(), "-"),
        ('keep_used_within = "90d"', used(10, 5), "stays: used within 90d"),
        ('keep_used_within = "90d"', used(100, 95), "goes: nothing keeps it"),
        ('keep_used_within = "90d"', used(None, 95), "goes: nothing keeps it"),
        ('keep_used_within = "90d"', used(100, 80), "stays: it may have been used within 90d"),
        ('keep_used_within = "90d"', used(None, 80), "stays: it may have been used within 90d"),
        ('keep_used_within = "90d"', used(None, None), "stays: when it was last used is unknown"),
        ('keep_used_within = "90d"', used(100, None), "stays: when it was last used is unknown"),
        ('keep_used_within = "90d"\nunknown_use = "keep"', used(None, None), "stays: when it was last used is unknown"),
        ('keep_used_within = "90d"\nunknown_use = "ignore"', used(None, None), "goes: nothing keeps it"),
        ('keep_used_within = "90d"\nunknown_use = "ignore"', used(10, None), "stays: used within 90d"),
        ('keep_used_within = "90d"\nunknown_use = "ignore"', used(None, 80), "stays: it may have been used within 90d"),
        ("delete_repositories = true", tag(), "goes: the repository is to go"),
        ("delete_untagged = true", tag(), "-"),
        ("keep_last = 0", tag()._replace(has_subject=True), "-"),
        ("delete_repositories = true", tag()._replace(has_subject=True), "goes: the repository is to go"),
        (
            "keep_last = 1",
            tag()._replace(kind="unreadable"),
            "stays: its manifest cannot be read: what it holds is unknown",
        ),
    ],
)
def test_tags(rule: str, candidate: Candidate, expected: str) -> None:
    """What keeps wins over what deletes, what is unknown keeps, and a rule that says nothing of tags touches none."""
    assert verdicts(rule, candidate) == [expected]


def test_the_last_are_counted_by_image() -> None:
    """Two tags on one image take one place, and both stay; the time of the younger tag is the image's."""
    tags = [tag("1", days=9, digest="a"), tag("latest", days=1, digest="a"), tag("2", days=5), tag("3", days=7)]
    assert verdicts("keep_last = 2", *tags) == ["stays: among the last 2"] * 3 + ["goes: nothing keeps it"]


def test_the_last_are_counted_among_what_may_go() -> None:
    """The last two of what `delete_tags` names, though newer tags that it does not name are there; as Harbor does."""
    tags = [tag("main", days=1), tag("pr-1", days=2), tag("pr-2", days=3), tag("pr-3", days=4)]
    said = verdicts('delete_tags = ["pr-*"]\nkeep_last = 2', *tags)
    assert said == ["-", "stays: among the last 2", "stays: among the last 2", "goes: matches pr-*"]


def stay(rule: str, *tags: Candidate) -> set[str]:
    """Return the tags that stay."""
    return {tag.tag for tag, said in zip(tags, verdicts(rule, *tags), strict=True) if said.startswith("stays")}


SECOND = 1 / DAY
SPREADS = {"equal": 0.0, "written one by one": SECOND / 1000, "sent to a bucket": 7 * SECOND}


@pytest.mark.parametrize("spread", SPREADS.values(), ids=SPREADS)
@pytest.mark.parametrize("backwards", [False, True])
class TestCopiedWithoutTimes:
    """A restore writes all links within a minute, in the order of their names: that order says nothing."""

    def build(self, number: int, spread: float, backwards: bool, created: float | None = 0) -> Candidate:
        """A build of ten, 10 being the newest; the copy wrote them forwards or backwards."""
        made = 100 - number if created == 0 else created
        return tag(f"build-{number}", days=5 + spread * (number if backwards else -number), created=made)

    def test_the_youngest_by_creation_stay(self, spread: float, backwards: bool) -> None:
        """As many as are to stay, and those that are the last."""
        builds = [self.build(number, spread, backwards) for number in range(1, 11)]
        assert stay("keep_last = 3", *builds) == {"build-8", "build-9", "build-10"}
        assert stay("keep_last = 10", *builds) == {build.tag for build in builds}

    @pytest.mark.parametrize("created", [None, NOW / DAY, 50])
    def test_what_cannot_be_told_apart_stays(self, spread: float, backwards: bool, created: float | None) -> None:
        """Without a date, with the date of a reproducible build, or with the same one."""
        builds = [self.build(number, spread, backwards, created) for number in range(1, 11)]
        assert stay("keep_last = 3", *builds) == {build.tag for build in builds}

    def test_one_without_a_date_keeps_all(self, spread: float, backwards: bool) -> None:
        """It may be the newest or the oldest of them."""
        builds = [self.build(number, spread, backwards, None if number == 4 else 0) for number in range(1, 11)]
        assert stay("keep_last = 3", *builds) == {build.tag for build in builds}

    def test_what_was_pushed_after_the_copy_is_newer(self, spread: float, backwards: bool) -> None:
        """Whatever it says of its own age; and if it takes all places, the copied ones go."""
        builds = [self.build(number, spread, backwards, None) for number in range(1, 6)]
        later = [tag(f"later-{number}", days=4 - number, created=900) for number in range(3)]
        assert stay("keep_last = 3", *builds, *later) == {"later-0", "later-1", "later-2"}
        assert stay("keep_last = 4", *builds, *later) == {t.tag for t in (*builds, *later)}

    def test_it_is_seen(self, spread: float, backwards: bool) -> None:
        """Where the rule goes by the time of the push, and builds lie days apart or do not say."""
        dated = [self.build(number, spread, backwards) for number in range(1, 11)]
        undated = [self.build(number, spread, backwards, None) for number in range(1, 11)]
        for rule in (policy_rule("keep_last = 3"), policy_rule('keep_newer_than = "3d"')):
            for builds in (dated, undated):
                found = copied_images(rule, builds)
                assert found and (found.repository, found.images_count) == ("shop/web", 10)
        assert copied_images(policy_rule('keep_last = 3\nage = "created"'), dated) is None
        assert copied_images(policy_rule('keep_tags = ["x"]'), dated) is None
        variants = [self.build(number, spread, backwards, 50 - number * SECOND) for number in range(1, 11)]
        assert copied_images(policy_rule("keep_last = 3"), variants) is None


def test_equal_dates_of_creation() -> None:
    """Variants of one build say the same: the last push tells, and where that is the same too, all stay."""
    one, two, three = (tag(name, days=days, created=9) for name, days in (("1", 5), ("2", 4), ("3", 4 + SECOND)))
    assert stay('keep_last = 1\nage = "created"', one, two, three) == {"2", "3"}
    assert stay('keep_last = 1\nage = "created"', one, two) == {"2"}


def test_signatures_take_no_place_among_the_last() -> None:
    """Tags about another image are not judged, and do not count."""
    tags = [tag("sha256-1.sig", days=1)._replace(has_subject=True), tag("1", days=2), tag("2", days=3)]
    assert verdicts("keep_last = 1", *tags) == ["-", "stays: among the last 1", "goes: nothing keeps it"]


def test_labels() -> None:
    """A label keeps by value, with * for any."""
    rule = 'keep_labels = { keep = "true" }'
    assert verdicts(rule, tag(), labels={"keep": "true"}) == ["stays: has label keep=true"]
    assert verdicts(rule, tag(), labels={"keep": "false"}) == ["goes: nothing keeps it"]
    assert verdicts('keep_labels = { owner = "*" }', tag(), labels={"owner": "ada"}) == ["stays: has label owner=ada"]


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


def test_untagged_that_is_used_stays() -> None:
    """Whoever pulls by digest needs no tag."""
    rule = policy_rule('keep_used_within = "90d"\ndelete_untagged = true')
    of = Untagged("shop/web", "sha256:1", "image", 0.0)
    for used_days, unused_days, reason in (
        (10, 5, "used within 90d"), (None, 80, "it may have been used within 90d"), (None, 100, ""),
        (None, None, "when it was last used is unknown"),
    ):  # fmt: skip
        known = of._replace(
            used_seconds=None if used_days is None else used_days * DAY,
            unused_seconds=None if unused_days is None else unused_days * DAY,
        )
        decision = judge_untagged(rule, known, NOW)
        assert decision and decision.deletes == (not reason) and reason in decision.reason


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
        ('[[rule]]\nrepositories = ["*"]\nkeep_used_within = "often"\n', "often"),
        ('[[rule]]\nrepositories = ["*"]\nunknown_use = "guess"\n', "guess"),
        ('[[rule]]\nrepositories = ["*"]\ndelete_untagged = "7 days"\n', "7 days"),
        ("[[rule", "TOML|line|column|at end|Expected"),
        (f"rule = {'[' * 10_000}", "nested too deeply"),
    ],
)
def test_wrong_policies(text: str, named: str) -> None:
    """A policy with anything in it that is not understood is refused, and the thing is named."""
    with pytest.raises(UsageError, match=named):
        parse_policy(text)


@pytest.mark.parametrize("text", ["6m", " 6 m ", "0", "", "6", "d", "1x", "-1d", "1.5d", "6months"])
def test_an_age_that_is_not_clear_is_refused(text: str) -> None:
    """`6m` above all: elsewhere it is six minutes, and a policy once took it for half a year."""
    with pytest.raises(UsageError) as refused:
        parse_policy(f'[[rule]]\nrepositories = ["*"]\nkeep_newer_than = "{text}"\n')
    if text.strip().endswith("m"):
        assert refused.value.next_step == "for months write 6mo"


@pytest.mark.parametrize(("text", "days"), [("6mo", 180), ("1y", 365), ("2w", 14), ("30 d", 30), ("1d12h", 1.5)])
def test_an_age_is_written_as_any_time(text: str, days: float) -> None:
    """With the units of every other time."""
    assert parse_duration(text) == days * 86400 == parse_seconds(text.replace(" ", ""))
