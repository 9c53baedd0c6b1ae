"""What has to be known before a registry's own collection is run: a finding for each question, with the next step.

All of it follows from the inventory, but for how the storage is mounted, which is asked of this machine.
"""

import shlex
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tonnage.checks.configured import Configured, cache_of, purging, settings
from tonnage.checks.findings import Finding, State
from tonnage.gc.preview import predict_after
from tonnage.inventory.database import Inventory
from tonnage.inventory.known import Doubt, Doubted, Knowledge, doubts_of, gravest, knowledge_of
from tonnage.inventory.statements import statements
from tonnage.plan import Prediction
from tonnage.sizes import format_size

_ACCESS_TIMES = "access times"


class _Facts(NamedTuple):
    inventory: Inventory
    knowledge: Knowledge
    doubts: tuple[Doubted, ...]
    location: str
    is_searched: bool
    version: str
    mounted: str
    ending: str
    configured: Configured | None

    def ask(self, name: str) -> list[tuple[Any, ...]]:
        return self.inventory.query(statements("check")[name].sql).rows

    def run(self, command: str) -> str:
        return f"tonnage {command}{self.ending}"

    def scan(self, options: str = "") -> str:
        return self.run(f"scan {shlex.quote(self.location)}{options}")

    @property
    def is_remote(self) -> bool:
        return self.knowledge.kind == "registry"


def examine(
    inventory: Inventory,
    version: str | None = None,
    mounted: str = "",
    ending: str = "",
    configured: Configured | None = None,
) -> list[Finding]:
    """Return a finding for each question.

    `version` is that of the registry that collects, `2` or `3`; without, both are asked about. `mounted` is how the
    storage is mounted here (`noatime`, `relatime`, `strictatime`), empty if it is not here; `ending` is what every command
    has to end in, as ` -i FILE`; `configured` is the registry's own configuration, where it is known.
    """
    ((location, _, _, _, is_searched),) = inventory.query(statements("card")["scan"].sql).rows
    doubts, knowledge = doubts_of(inventory), knowledge_of(inventory)
    facts = _Facts(
        inventory, knowledge, doubts, str(location), bool(is_searched), version or "", mounted, ending, configured
    )
    return [finding for question in _QUESTIONS for finding in question(facts)]


def _storage(facts: _Facts) -> Iterator[Finding]:
    if facts.is_remote:
        text = "it was read over HTTP: what is stored, beside what tags lead to, is unknown"
        yield Finding("storage", State.UNKNOWN, text, "scan the registry's storage: its folder, or its bucket")
    elif found := gravest(facts.doubts):
        yield Finding("storage", State.ACT, found.text, found.advice, facts.run("problems"))
    elif shrunk := _doubted(facts, Doubt.SHRUNK):
        yield Finding("storage", State.ACT, shrunk.text, shrunk.advice, facts.run("growth"))
    elif facts.is_searched:
        yield Finding("storage", State.FINE, "it is all there, and was searched")
    else:
        text = "it is all there; strays in folders of digests were not searched for, and one may stop a collection"
        yield Finding("storage", State.UNKNOWN, text, command=facts.scan(" --thorough"))


def _collections(facts: _Facts) -> Iterator[Finding]:
    """Report on each collector, without and with `-m`; what is broken is what the replay of its rules says."""
    if facts.knowledge.kind == "layouts":
        yield Finding("collection", State.FINE, "zot collects by itself; the registry's collector is not run on it")
        return
    if facts.is_remote or gravest(facts.doubts):
        text = "what it would do is unknown: see storage"
        yield Finding("collection", State.UNKNOWN, text, "see to the storage first")
        return
    forecasts = predict_after(facts.inventory, [])
    for forecast in (found for found in forecasts if found.prediction.collector.startswith(facts.version)):
        yield _collection(facts, forecast.prediction)


def _collection(facts: _Facts, found: Prediction) -> Finding:
    question, command = f"collection {found.collector}", f"gc --collector {found.collector.replace('.x', '')}"
    if found.collector.endswith("-m") and (elsewhere := _doubted(facts, Doubt.TAGS_ELSEWHERE)):
        return Finding(question, State.ACT, f"it would take all images: {elsewhere.text}", "do not use -m here")
    if harm := found.harm:
        listed = "stops" if found.aborts_on else "broken"
        text = harm.removesuffix(" outside of the plan")
        return Finding(question, State.ACT, text, command=facts.run(f"{command} --list {listed}"))
    text = f"it would run to its end, free {format_size(found.freed_bytes)} and break nothing"
    return Finding(question, State.FINE, text, command=facts.run(command))


def _purging(facts: _Facts) -> Iterator[Finding]:
    question = "upload purging"
    if not facts.knowledge.has_files:
        yield Finding(question, State.UNKNOWN, "uploads are not seen over HTTP", "see to the storage first")
        return
    ((count, old, old_bytes, parts, parts_bytes),) = facts.ask("uploads")
    if facts.configured:
        found = purging(facts.configured.config.purging, count, old, old_bytes)
        yield found._replace(command=facts.run("uploads") if found.state is State.ACT and count else None)
    elif old:
        are, them = ("uploads are", "them") if old > 1 else ("upload is", "it")
        text = f"{old:,} {are} older than a week ({format_size(old_bytes)}): nobody purges {them}"
        advice = "set maintenance.uploadpurging.enabled in the registry's configuration, and see that it runs"
        yield Finding(question, State.ACT, text, advice, facts.run("uploads"))
    else:
        text = f"no upload is older than a week, of {count:,}"
        yield Finding(question, State.FINE, text)
    if parts:
        text = f"{parts:,} uploads in parts are still open after more than a week ({format_size(parts_bytes)})"
        yield Finding(question, State.ACT, text, "have the bucket abort them: a lifecycle rule for incomplete uploads")


def _tags(facts: _Facts) -> Iterator[Finding]:
    ((count, broken, revisions, is_given),) = facts.ask("tags")
    if found := _doubted(facts, Doubt.TAGS_ELSEWHERE):
        yield Finding("tags", State.ACT, found.text, found.advice)
    elif broken:
        text = f"{broken:,} of {count:,} tags cannot be pulled completely"
        yield Finding("tags", State.ACT, text, command=facts.run("problems --severity error"))
    elif facts.is_remote:
        text = f"{count:,} tags, as the registry lists them; what it does not list is unknown"
        yield Finding("tags", State.UNKNOWN, text, "see to the storage first")
    else:
        where = "given, as no collector sees them" if is_given else "kept in the storage"
        text = f"{count:,} tags for {revisions:,} revisions, {where}"
        yield Finding("tags", State.FINE, text)


def _doubted(facts: _Facts, doubt: Doubt) -> Doubted | None:
    return next((doubted for doubted in facts.doubts if doubted.doubt is doubt), None)


def _cache(facts: _Facts) -> Iterator[Finding]:
    if found := _doubted(facts, Doubt.CACHE):
        yield Finding("cache", State.ACT, found.text, found.advice)
    elif facts.configured and facts.configured.config.remote:
        yield cache_of(facts.configured.config, Doubted(Doubt.CACHE, "", 0, 0, False).advice)
    elif facts.is_remote:
        text = "whether it is a pull-through cache does not show over HTTP"
        yield Finding("cache", State.UNKNOWN, text, "see to the storage first")
    else:
        yield Finding("cache", State.FINE, "it is not a pull-through cache")


def _access_times(facts: _Facts) -> Iterator[Finding]:
    (_, state), *logs = facts.ask("reads")
    mounted = f"mounted with {facts.mounted} here; " if facts.mounted else ""
    if logs:
        names = ", ".join(source for source, _ in logs)
        yield Finding(_ACCESS_TIMES, State.FINE, f"{mounted}{state}; uses are known from logs too: {names}")
    elif state == "noted" and facts.mounted != "noatime":
        yield Finding(_ACCESS_TIMES, State.FINE, f"{mounted}noted", command=facts.run("unused --not-used-for 90d"))
    else:
        advice = "when something was last used, only logs can tell: scan with --pulls-from FILE"
        yield Finding(_ACCESS_TIMES, State.UNKNOWN, f"{mounted}{state}", advice, matters=False)


def _configuration(facts: _Facts) -> Iterator[Finding]:
    if facts.configured:
        yield from settings(facts.configured, facts.location)


_QUESTIONS: tuple[Callable[[_Facts], Iterator[Finding]], ...] = (
    _storage, _collections, _purging, _tags, _cache, _configuration, _access_times,
)  # fmt: skip
