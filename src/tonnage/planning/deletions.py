"""What goes if these go: a set of deletions, worked out as a set, over an inventory.

The deletions are kept in temporary tables (sql/plan/prepare.sql) of the inventory's connection; every question about
them is an SQL file. Nothing here touches a registry.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tonnage.errors import UsageError
from tonnage.formats.closest import meant
from tonnage.formats.targets import Target, as_digest
from tonnage.inventory.database import Inventory, Table
from tonnage.inventory.names import names_of
from tonnage.inventory.statements import statements

_ROUNDS_LIMIT = 64
"""Indexes nest and referrers refer to referrers; no healthy registry comes near this."""


class Totals(NamedTuple):
    """What a set of deletions comes to. Bytes are stored bytes of blobs."""

    revisions_count: int
    tags_count: int
    repositories_count: int
    stored_bytes: int
    """What the set needs, each blob once."""
    freed_bytes: int
    """What only the set needs: it leaves the disk with the next collection."""
    shared_bytes: int
    """What others need too: it stays."""
    orphaned_bytes: int | None
    """What was orphaned before, and the next collection frees in any case; None where that is unknown."""
    is_at_most: bool
    """Revisions nobody could list may need some of what counts as freed, and stay as large."""
    pinned_bytes: int
    """What only the set needs as far as could be read: up to that much more is freed."""


class Deletions:
    """A set of deletions over an inventory. Add targets and protections, then `settle`, then ask."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.run("prepare")

    def add(self, target: Target, reason: str) -> None:
        """Add what a person named. Raises UsageError if there is no such thing."""
        values = {"repository": target.repository_regex, "reason": reason}
        if target.digest is not None:
            self._insist_on_one(target)
            added_count = self._insert("target_digest", digest=target.digest, **values)
        elif target.tag_regex is not None:
            added_count = self._insert("target_tag", tag=target.tag_regex, **values)
        else:
            names = ("target_repository", "target_repository_tags")
            added_count = sum(self._insert(name, **values) for name in names)
        if not added_count:
            raise UsageError(*nothing_is(target))

    def _insist_on_one(self, target: Target) -> None:
        """Raise UsageError where the beginning of a digest is that of several revisions."""
        found = self.run("digests_named", repository=target.repository_regex, digest=target.digest).rows
        if len(found) > 1:
            raise UsageError(f"several revisions begin with `{target.digest}`", f"for one: {found[0][0]}")

    def add_all(self, targets: Sequence[Target], reason: str = "named: {}") -> list[Target]:
        """Add many targets, those of exact names all at once; return what is not there."""
        exact = [target for target in targets if target.is_exact]
        unmatched = self._add_exact(exact, reason)
        for target in targets:
            if not target.is_exact:
                self._add_or_note(target, reason, unmatched)
        named = [(target, as_digest(target)) for target in unmatched]
        missing: list[Target] = []
        for target, digest in named:
            if digest is None:
                missing.append(target)
            else:
                self._add_or_note(digest, reason, missing)
        return missing

    def _add_or_note(self, target: Target, reason: str, missing: list[Target]) -> None:
        """Add a target, or put it among what is missing. Raises UsageError for a digest that may be several."""
        if target.digest is not None:
            self._insist_on_one(target)
        try:
            self.add(target, reason.format(target_text(target)))
        except UsageError:
            missing.append(target)

    def _add_exact(self, targets: Sequence[Target], reason: str) -> list[Target]:
        if not targets:
            return []
        self.run(
            "exact",
            repositories=[target.repository for target in targets],
            tags=[target.tag or "" for target in targets],
            digests=[target.digest or "" for target in targets],
            reasons=[reason.format(target_text(target)) for target in targets],
        )
        for statement in ("add_exact", "add_exact_tags"):
            self.run(statement)
        return [targets[number] for (number,) in self.run("unmatched").rows]

    def add_rows(self, table: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Add to `gone_tag` (repository, tag, reason), `gone` or `protected` (repository, digest, reason)."""
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            self.run(f"add_{table}", repositories=columns[0], names=columns[1], reasons=columns[2])

    def settle(self) -> None:
        """Work out what else goes, and what must stay: run after the last target was added.

        What follows from something that turns out to have to stay is taken back, so it is followed again until all fits.
        """
        self.run("asked")
        while True:
            self.run("drop_protected")
            self._follow()
            if not self._insert("hold"):
                break
            self.run("undo_steps")
        for name in ("freeable", "freed", "needed"):
            self.run(name)

    def _follow(self) -> None:
        """Add what goes with what is gone, until nothing more does."""
        for step in range(1, _ROUNDS_LIMIT):
            names = ("take_tags_of_gone", "fallback_tags", "cascade")
            if not sum(self._insert(name, step=step) for name in names):
                break

    def totals(self) -> Totals:
        """Return what the set comes to."""
        return Totals(*self.run("totals").rows[0])

    def run(self, name: str, **values: object) -> Table:
        """Run one statement of sql/plan."""
        return self.inventory.query(statements("plan")[name].sql, values)

    def _insert(self, name: str, **values: object) -> int:
        """Run a statement of sql/plan that adds rows; return how many."""
        return int(self.run(name, **values).rows[0][0])


def nothing_is(target: Target, inventory: Inventory | None = None) -> tuple[str, str]:
    """Return the message, and the next step, for a target that is not there: what may have been meant, if that is known."""
    hint = "tonnage repositories lists them"
    if inventory is not None and target.digest is not None:
        hint = f"if it is a layer, it goes with the images that need it: tonnage why {target.digest}"
    elif inventory is not None:
        repositories = names_of(inventory, "repository")
        is_known = target.repository in repositories
        names = _tags_of(inventory, target.repository) if is_known else repositories
        hint = f"tonnage tags --repository {target.repository}" if is_known else hint
        hint = meant(target.tag or "" if is_known else target.repository, names, hint)
    return f"nothing in the inventory is `{target_text(target)}`", hint


def _tags_of(inventory: Inventory, repository: str) -> list[str]:
    found = inventory.query("select tag from tag where repository = $name order by tag", {"name": repository}).rows
    return [str(tag) for (tag,) in found]


def target_text(target: Target) -> str:
    """Return the target as it would be written."""
    if target.digest is not None:
        return target.digest if target.repository == "*" else f"{target.repository}@{target.digest}"
    return target.repository if target.tag is None else f"{target.repository}:{target.tag}"
