"""What `apply` and `undo` share: the registry of the options, the question before anything is done, the outcome."""

import shlex
import sys
from dataclasses import dataclass

import click

from tonnage.apply import ItemOutcome, Outcome, Status
from tonnage.cli.hints import named
from tonnage.cli.output import put, show, talk
from tonnage.cli.streams import Content
from tonnage.errors import UsageError
from tonnage.monitor import Monitor, TerminalMonitor
from tonnage.plan import Plan, confirm, short_id
from tonnage.planning.plan_text import describe_freed, why_nothing
from tonnage.registry import Limits, ReadOnlyRegistry, Registry


@dataclass(frozen=True, slots=True)
class Target:
    """The registry as the options name it."""

    url: str
    ca: str
    credentials: str
    rate: float
    concurrency: int

    @property
    def again(self) -> str:
        """The options by which another command reaches the same registry in the same way, for a shell."""
        files = {"--credentials": self.credentials, "--ca": self.ca}
        given = "".join(f" {option} {named(file)}" for option, file in files.items() if file)
        return f" --registry {shlex.quote(self.url)}{given}"

    def open(self, *, is_confirmed: bool) -> ReadOnlyRegistry:
        """Return the registry; without confirmation one that nothing can be changed through."""
        if not self.rate > 0 or self.concurrency < 1:  # nan is neither more nor less
            raise UsageError("--rate and --concurrency have to be more than 0")
        limits = Limits(requests_per_second=self.rate, concurrency=self.concurrency)
        kind = Registry if is_confirmed else ReadOnlyRegistry
        return kind.at(self.url, ca_file=self.ca, credentials_file=self.credentials, limits=limits)


def summarize(plan: Plan, url: str) -> str:
    """Return on a few lines what the plan would do to the registry."""
    tags_count = sum(len(item.tags) for item in plan.items)
    repositories_count = len({item.repository for item in plan.items})
    items, tags = _count(len(plan.items), "item"), _count(tags_count, "tag")
    what = f"{items} with {tags} in {_count(repositories_count, 'repository', 'repositories')}"
    return "\n".join(
        [
            f"plan {short_id(plan.id)} of {plan.created_at}: {plan.goal}",
            f"deletes {what} of {url}" if plan.items else f"deletes nothing: {why_nothing(plan)}",
            f"frees {describe_freed(plan)}",
            *(f"note: {note}" for note in plan.notes),
        ]
    )


def confirmed_id(plan_id: str, given: str, question: str, *, is_dry_run: bool) -> str:
    """Return the plan's id if it was confirmed, by option or by a yes on a terminal; else nothing. Raises UsageError."""
    if given:
        if is_dry_run:
            raise UsageError("both --confirm and --dry-run", "give one of them")
        return confirm(plan_id, given)
    if is_dry_run or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return ""
    return plan_id if click.confirm(question, default=False, err=True) else ""


def make_monitor(quiet: bool) -> Monitor:
    """Return a progress bar where a person looks on."""
    return TerminalMonitor() if sys.stderr.isatty() and not quiet else Monitor()


def put_outcome(outcome: Outcome, done_word: str, *, as_json: bool, quiet: bool) -> None:
    """Put out what became of the items: as JSON all, as text what is not done, and the totals for the person."""
    if as_json:
        import msgspec

        put(msgspec.json.format(msgspec.json.encode(outcome), indent=1).decode() + "\n", content=Content.JSON)
    else:
        show("".join(_line(item) for item in outcome.items if item.status is not Status.DONE))
    for note in outcome.notes:
        talk(f"note: {note}")
    if not quiet:
        talk(_totals(outcome, done_word))


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _line(outcome: ItemOutcome) -> str:
    item = outcome.item
    tags = f" ({', '.join(item.tags)})" if item.tags else ""
    why = ": ".join(text for text in (outcome.kind, outcome.reason) if text)
    return f"{outcome.status:<8}{item.repository}@{item.digest}{tags}{'  ' if why else ''}{why}\n"


def _totals(outcome: Outcome, done_word: str) -> str:
    counts = {status: outcome.count(status) for status in Status}
    reached = counts[Status.READY] + counts[Status.DONE]
    head = "dry run, nothing was changed: " if outcome.is_dry_run else ""
    word = f"would be {done_word}" if outcome.is_dry_run else done_word
    left = f", {counts[Status.SKIPPED]:,} skipped, {counts[Status.FAILED]:,} failed" if outcome.left_count else ""
    return f"{head}{reached:,} of {len(outcome.items):,} {word}{left}"
