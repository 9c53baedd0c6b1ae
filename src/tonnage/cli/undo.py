"""tonnage undo"""

import sys
from pathlib import Path
from typing import Any

import click

from tonnage.cli.options import registry_options


@click.command(
    epilog="""\b
Example:
  tonnage undo plan-3f9c01d2ab47.journal --registry https://registry.example.com

\b
The login comes from --credentials, else TONNAGE_REGISTRY_USER and TONNAGE_REGISTRY_PASSWORD, else `docker login`.
Exits with 0, or with 25 if items were skipped or failed."""
)
@click.argument("journal", metavar="JOURNAL")
@registry_options
def command(journal: str, confirm: str, dry_run: bool, as_json: bool, quiet: bool, **target: Any) -> None:
    """Push back the manifests and tags that apply deleted. Works until the registry has collected.

    JOURNAL is what apply has written. Asks on a terminal. Elsewhere it takes --confirm with the plan's id; without, it
    is a dry run. Tags that point to something else by now are left alone.
    """
    from tonnage.apply import existing_history, undo
    from tonnage.cli.hints import named
    from tonnage.cli.output import talk
    from tonnage.cli.remote import Target, confirmed_id, make_monitor, put_outcome
    from tonnage.errors import ITEMS_LEFT
    from tonnage.plan import short_id

    history = existing_history(Path(journal))
    asked = Target(**target)
    if not quiet:
        talk(f"the journal of plan {short_id(history.plan)} has {len(history.calls):,} deletions to take back")
    confirmed = confirmed_id(history.plan, confirm, "Push them back?", is_dry_run=dry_run)
    monitor = make_monitor(quiet)
    try:
        with asked.open(is_confirmed=bool(confirmed)) as registry:
            outcome = undo(Path(journal), registry, confirmed=confirmed, concurrency=asked.concurrency, monitor=monitor)
    finally:
        monitor.end()
    put_outcome(outcome, "restored", as_json=as_json, quiet=quiet)
    if outcome.is_dry_run and not quiet:
        talk(f"to push back: tonnage undo {named(journal)}{asked.again} --confirm {history.plan}")
    if outcome.left_count:
        sys.exit(ITEMS_LEFT)
