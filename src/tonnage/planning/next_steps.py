"""What is to be run after a plan, as far as it can be known here: lines for a shell."""

import shlex

from tonnage.inventory.database import Inventory
from tonnage.inventory.known import Knowledge, knowledge_of
from tonnage.inventory.statements import statements

_COLLECT = {
    "2.x": "registry garbage-collect /etc/docker/registry/config.yml",
    "3.x": "registry garbage-collect /etc/distribution/config.yml",
}
_RESTART = "# restart the registry, and flush its redis cache if it has one"
"""Both go on to believe in blobs that were collected, and take pushes that rely on them."""


def collection(knowledge: Knowledge, collector: str) -> list[str]:
    """Return what runs a collection, and what belongs after it."""
    if knowledge.kind == "layouts":
        return ["# zot collects by itself: wait for its gcDelay"]
    return [_COLLECT[collector], _RESTART]


def commands_after(inventory: Inventory, registry_version: int, plan_file: str = "plan.json") -> list[str]:
    """Return what is to be run after a plan that deletes something, where nothing speaks against a collection."""
    knowledge = knowledge_of(inventory)
    location = inventory.query(statements("plan")["source"].sql).rows[0][0]
    collect = collection(knowledge, f"{registry_version}.x")
    return commands(location, knowledge, collect, inventory.path, plan_file, has_items=True)


def commands(
    location: str, knowledge: Knowledge, collect: list[str], inventory: str, plan_file: str, *, has_items: bool
) -> list[str]:
    """Return what is to be run, as far as it can be known here."""
    place, path, plan = (shlex.quote(text) for text in (location, inventory, plan_file))
    is_remote = knowledge.kind == "registry"
    return [
        *([f"tonnage apply {plan} --registry {place if is_remote else 'https://REGISTRY'}"] if has_items else []),
        *collect,
        f"tonnage scan {place} -i {path}",
        *([] if is_remote else [f"tonnage verify {plan} -i {path}"]),
    ]
