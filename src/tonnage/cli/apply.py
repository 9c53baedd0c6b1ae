"""tonnage apply"""

import sys
from pathlib import Path
from typing import Any

import click

from tonnage.cli.options import registry_options


@click.command(
    epilog="""\b
Examples:
  tonnage apply plan.json --registry https://registry.example.com
  tonnage apply plan.json --registry https://registry.example.com --confirm 3f9c01d2ab47e8b05c6d77aa10f2943e

Each item is looked up again right before its call, and skipped if it is not as planned. A tag that is moved onto it in
that moment is put back. Killed at any point, the same
command goes on where it stopped. Nothing is freed before the registry collects.

\b
The login comes from --credentials, else TONNAGE_REGISTRY_USER and TONNAGE_REGISTRY_PASSWORD, else `docker login`.
Exits with 0, or with 25 if items were skipped or failed."""
)
@click.argument("plan", metavar="PLAN")
@click.option("--journal", metavar="FILE", help="What was done, for going on and for undo; else beside the plan.")
@click.option(
    "--trust-tag-lists", is_flag=True, help="The registry's lists of tags are whole: it is not 3.1.0 or 3.1.1 on S3."
)
@registry_options
def command(
    plan: str,
    journal: str | None,
    trust_tag_lists: bool,
    confirm: str,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    **target: Any,
) -> None:
    """Delete from a registry, over HTTP, what a plan says, and nothing else.

    Asks on a terminal. Elsewhere it takes --confirm with the plan's id; without, it is a dry run that sends no DELETE.
    """
    from tonnage.apply import Outcome, apply_plan, default_journal
    from tonnage.cli.output import read_text, talk
    from tonnage.cli.remote import Target, confirmed_id, make_monitor, put_outcome, summarize
    from tonnage.errors import ITEMS_LEFT
    from tonnage.plan import read_plan

    wanted = read_plan(read_text(plan).encode())
    path = Path(journal) if journal else default_journal(Path("plan.json" if plan == "-" else plan), wanted)
    asked = Target(**target)
    if not quiet:
        talk(summarize(wanted, asked.url))
    if not wanted.items:
        put_outcome(
            Outcome(plan=wanted.id, registry=asked.url, is_dry_run=True, items=[]), "", as_json=as_json, quiet=True
        )
        return
    confirmed = confirmed_id(wanted.id, confirm, "Delete this?", is_dry_run=dry_run)
    monitor = make_monitor(quiet)
    try:
        with asked.open(is_confirmed=bool(confirmed)) as registry:
            registry.habits.has_sound_lists = trust_tag_lists
            outcome = apply_plan(
                wanted, registry, path, confirmed=confirmed, concurrency=asked.concurrency, monitor=monitor
            )
    finally:
        monitor.end()
    put_outcome(outcome, "deleted", as_json=as_json, quiet=quiet)
    if not quiet:
        talk(_next_step(plan, wanted.id, path, asked.again, is_dry_run=outcome.is_dry_run))
    if outcome.left_count or outcome.notes:
        sys.exit(ITEMS_LEFT)


def _next_step(plan: str, plan_id: str, journal: Path, options: str, *, is_dry_run: bool) -> str:
    """Return what to run next. Commands work when copied: files whole, with the registry and the login of this call."""
    from tonnage.cli.hints import named

    if is_dry_run:
        return f"to delete: tonnage apply {named(plan)}{options} --confirm {plan_id}"
    return (
        f"to take it back, before the registry collects: tonnage undo {named(str(journal))}{options}\n"
        "to free the bytes: run the registry's garbage collection, restart it, scan again, then"
        f" tonnage verify {named(plan)}"
    )
