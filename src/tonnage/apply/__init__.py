"""A reviewed plan carried out over HTTP, and taken back. Knows the plan and the registry's API, and nothing else."""

from tonnage.apply.outcome import ItemOutcome, Kind, Outcome, Status
from tonnage.apply.run import apply_plan, default_journal
from tonnage.apply.undo import existing_history, undo

__all__ = ["ItemOutcome", "Kind", "Outcome", "Status", "apply_plan", "default_journal", "existing_history", "undo"]
