"""Random plans over random trees, from a seed, and what they do not speak of."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from randomdamage import random_damage
from randomtrees import random_registry
from scanning import scan_tree
from tonnage.errors import NotKnownError, UsageError
from tonnage.formats.references import Reference
from tonnage.formats.targets import Target
from tonnage.inventory.database import Inventory
from tonnage.plan import Action, Plan
from tonnage.planning.planner import Wanted, make_plan
from tonnage.planning.policy import parse_policy
from tonnage.planning.units import GoalUnreachableError
from tonnage.sample import Builder

NOW = datetime(2026, 11, 1, tzinfo=UTC)
POLICIES = (
    '[[rule]]\nrepositories = ["*"]\nkeep_last = 1\ndelete_untagged = true\n',
    '[[rule]]\nrepositories = ["*"]\ndelete_tags = ["v*", "1.*"]\ndelete_untagged = "1d"\n',
    '[[rule]]\nrepositories = ["a*", "team/*"]\ndelete_repositories = true\n[[rule]]\nrepositories = ["*"]\nkeep_last = 2\n',
)


def random_tree(rng: Random, root: Path) -> Builder:
    """Build a random tree with signatures of both kinds, a third of them damaged."""
    registry = random_registry(rng, root)
    for repository in list(registry.repositories.values()):
        for digest in sorted(repository.revisions):
            if rng.random() < 0.3:
                tag = f"{digest.replace(':', '-')}{rng.choice(['', '.sig', '.att'])}"
                repository.image([registry.layer(digest.encode())], tag=tag)
    for _ in range(rng.choice((0, 0, 1)) * rng.randint(1, 3)):
        random_damage(rng, registry)
    return registry


def random_wish(rng: Random, inventory: Inventory) -> Wanted:
    """Return something that a person may want of this inventory."""
    revisions = inventory.query("select distinct repository, digest from revision order by all").rows
    tags = inventory.query("select repository, tag from tag where digest is not null order by all").rows
    named = [Target(name, digest=digest) for name, digest in revisions] + [Target(name, tag=tag) for name, tag in tags]
    named += [Target(name) for name in sorted({name for name, _ in revisions})]
    in_use = [Reference(*rng.choice(tags), None)] if tags and rng.random() < 0.3 else []
    wanted = Wanted(in_use=tuple(in_use), registry_version=rng.choice((2, 3)))
    match rng.randrange(3):
        case 0:
            return wanted._replace(targets=tuple(rng.sample(named, min(len(named), rng.randint(1, 4)))))
        case 1:
            return wanted._replace(policy=parse_policy(rng.choice(POLICIES)))
    return wanted._replace(free_bytes=rng.choice((1, 500, 3000)))


def outside(things: set[tuple[str, str]], plan: Plan) -> set[tuple[str, str]]:
    """Return what of things that pull the plan does not speak of."""
    spoken = {(item.repository, tag) for item in plan.items for tag in item.tags}
    spoken |= {(i.repository, i.digest) for i in plan.items if i.action is Action.DELETE_MANIFEST}
    return things - spoken


def blob_bytes(v2: Path) -> int:
    """Return the bytes of all blobs on the disk."""
    return sum(path.stat().st_size for path in v2.glob("blobs/*/*/*/data") if path.is_file())


def some_plan(registry: Builder, rng: Random) -> tuple[Plan, Wanted] | None:
    """Scan, and plan something; None where that is refused."""
    path = registry.root.parent / "inventory.duckdb"
    scan_tree(registry.root, path)
    with Inventory(str(path)) as inventory:
        wanted = random_wish(rng, inventory)
        with suppress(NotKnownError, UsageError, GoalUnreachableError):
            return make_plan(inventory, wanted, NOW), wanted
    return None
