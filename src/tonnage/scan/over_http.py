"""A registry over HTTP -> inventory: what its tags lead to, asked for politely, and nothing made up.

    catalog -> tags -> what each leads to -> referrers -> manifests by digest, down through indexes -> configurations
      -> layers' sizes

What is named by its digest never changes: a rescan asks again for names and for what tags lead to, and for no manifest
or configuration that an earlier scan read. Listings are known to lose names (docs/explanation/over-http.md): names
the earlier scan had and the listing lacks are asked for by name.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tonnage import __version__
from tonnage.errors import AccessError, RegistryError
from tonnage.formats.layout import blob_path, is_full_digest
from tonnage.inventory import rows
from tonnage.inventory.memory import MemoryLimit
from tonnage.inventory.statements import statements
from tonnage.inventory.writing import create
from tonnage.monitor import Monitor
from tonnage.registry.client import ReadOnlyRegistry
from tonnage.registry.http import TooSlowError
from tonnage.registry.manifests import RemoteManifest, payload_of
from tonnage.registry.paging import EndlessError
from tonnage.registry.referrers import stands_for_referrers
from tonnage.scan.columns import Rows, columns_of, in_part, pack
from tonnage.scan.contents import add_config, add_manifest, add_unreadable_config, add_unreadable_manifest
from tonnage.scan.loading import Intake, PartRow
from tonnage.scan.pulls import Pulls
from tonnage.scan.replace import (
    OtherPlace,
    Previous,
    Summary,
    attach_previous,
    exchange,
    fill,
    summarize,
)
from tonnage.scan.requests import (
    Blob,
    Probed,
    Referrers,
    TagHead,
    Tags,
    Wanted,
    each,
    get_blob,
    head_blob,
    head_tag,
    list_referrers,
    list_tags,
    look_behind,
    probe,
)
from tonnage.storage.registry import RegistrySource

if TYPE_CHECKING:
    import duckdb

_PART = 0
_REFERRERS_DEPTH_LIMIT = 4
"""The signature of an SBOM of an image is at the second; whoever answers with ever new ones is not followed."""
_INDEX_DEPTH_LIMIT = 50
"""Of indexes in indexes; more are a tower that somebody built to keep others busy."""
_NAMES_HINT = "--repositories FILE, a name a line"
_NO_TAGS_HINT = "log in as a user who may pull from them, and see whether the URL is a registry's"

Item = TypeVar("Item")
Found = TypeVar("Found")


def scan_registry(
    source: RegistrySource,
    inventory: str,
    *,
    full: bool,
    other_place: OtherPlace,
    monitor: Monitor,
    now: Callable[[], datetime],
    limit: MemoryLimit,
    pulls: Pulls | None = None,
) -> Summary:
    """Scan a registry into an inventory file, replacing it in one step at the end; return what was found.

    Raises TonnageError if the registry does not answer or lets nobody in; the old file then stays.
    """
    target = Path(inventory)
    with exchange(target, source.location) as new, source.open() as registry:
        registry.ping()
        with create(new, limit) as connection:
            previous = attach_previous(connection, target, new, source.location, other_place)
            run = _Run(source, registry, connection, limit, previous, full, monitor, now)
            run.read_names()
            run.read_referrers()
            run.read_manifests()
            run.read_configs()
            run.add_blobs()
            run.finish(pulls)
            summary = summarize(connection, target)
    return summary


class _Run:
    """One scan at work."""

    def __init__(
        self,
        source: RegistrySource,
        registry: ReadOnlyRegistry,
        connection: "duckdb.DuckDBPyConnection",
        limit: MemoryLimit,
        previous: Previous | None,
        full: bool,
        monitor: Monitor,
        now: Callable[[], datetime],
    ) -> None:
        self.source = source
        self.registry = registry
        self.connection = connection
        self.previous = previous
        self.builds_on_earlier = previous is not None and not previous.is_moved and not full
        self.monitor = monitor
        self.now = now
        self.started_at = now()
        if self.builds_on_earlier:
            self._execute("reuse_digests")
        self.intake = Intake(connection, limit, is_rescan=self.builds_on_earlier)
        self.tags: list[TagHead] = []
        self.links: dict[str, set[str]] = defaultdict(set)
        """Digest of a manifest -> repositories that have it."""
        self.known: set[str] = set()
        """Manifests and configurations that an earlier scan read."""
        self.children: dict[str, list[str]] = defaultdict(list)
        self.vanished: set[str] = set()
        self.absent: list[str] = []
        """Blobs that no repository has."""
        self.has_all_sizes = source.asks_sizes
        self.read_count = 0
        if self.builds_on_earlier:
            self.known = {digest for (digest,) in self._execute("over_http_known").fetchall()}
            for parent, child in self._execute("over_http_children").fetchall():
                self.children[parent].append(child)

    def read_names(self) -> None:
        """Find repositories and tags, and what each tag leads to."""
        repositories = self._repositories()
        earlier = self._earlier_names()
        lost = [] if self.source.repositories is not None else sorted(earlier.keys() - set(repositories))
        heads: list[tuple[str, str]] = []
        hidden: set[tuple[str, str]] = set()
        unlisted: list[str] = []
        ask = partial(list_tags, self.registry, page_size=self.source.page_size)
        for found in self._with_hidden(list(self._each("listing tags", ask, [*repositories, *lost]))):
            is_lost = found.repository in lost
            if is_lost and not found.listing.names:
                continue
            if is_lost:
                self._problem("lost_name", f"/v2/{found.repository}/tags/list", found.repository, "not in the catalog")
            self._note_listing(found)
            unlisted += [found.fault] if found.fault else []
            heads += [(found.repository, tag) for tag in found.listing.names]
            missing = earlier.get(found.repository, set()) - set(found.listing.names)
            hidden |= {(found.repository, tag) for tag in missing}
        if unlisted and len(unlisted) >= len(repositories):  # nothing is known, which is not the same as nothing there
            raise RegistryError(f"the tags of no repository can be listed: {unlisted[0]}", _NO_TAGS_HINT)
        for head in self._each(
            "asking for tags", lambda pair: head_tag(self.registry, *pair), [*heads, *sorted(hidden)]
        ):
            self._note_tag(head, is_hidden=(head.repository, head.tag) in hidden)

    def _repositories(self) -> list[str]:
        """Return the repositories named by the user, else those of the catalog."""
        if self.source.repositories is not None:
            return sorted(set(self.source.repositories))
        try:
            listing = self.registry.list_repositories(self.source.page_size)
        except AccessError as error:
            raise AccessError(error.message, f"name the repositories: {_NAMES_HINT}") from error
        except TooSlowError as error:
            within = f"the catalog does not come within {self.source.timeout_seconds:g} s"
            hint = f"--timeout SECONDS gives it longer; or name the repositories: {_NAMES_HINT}"
            raise TooSlowError(f"{error.message}: {within}", hint) from error
        except EndlessError as error:
            raise EndlessError(f"the catalog: {error.message}", f"name the repositories: {_NAMES_HINT}") from error
        self._note_faults(listing.faults, listing.is_complete, "/v2/_catalog", None)
        return listing.names

    def _with_hidden(self, lists: list[Tags]) -> Iterator[Tags]:
        """Yield the lists with the tags that hide behind others, looked for where no list proves that none do.

        The first is asked about alone: it shows whether the registry understands the question.
        """
        ask = partial(look_behind, self.registry)
        yield from map(ask, lists[:1])
        if self.registry.habits.has_sound_lists or self.registry.habits.ignores_last:
            yield from lists[1:]
        else:
            yield from self._each("looking for hidden tags", ask, lists[1:])

    def _earlier_names(self) -> dict[str, set[str]]:
        names: dict[str, set[str]] = defaultdict(set)
        if self.previous is not None:
            for repository, tag in self._execute("over_http_names").fetchall():
                names[repository].update([tag] if tag is not None else [])
        return names

    def _note_listing(self, found: Tags) -> None:
        """Take in the tags of a repository."""
        path, repository = f"/v2/{found.repository}/tags/list", found.repository
        self._add("Folder", rows.Folder(repository, "_manifests"))
        if found.fault:
            self._problem("unlisted_tags", path, repository, found.fault)
        elif self.source.repositories is not None and not found.listing.names:
            self._problem("unlisted_tags", path, repository, "no tags: is there a repository of that name?")
        for tag in found.hidden:
            self._problem("lost_name", f"/v2/{repository}/manifests/{tag}", repository, "not in the list of tags")
        self._note_faults(found.listing.faults, found.listing.is_complete, path, repository)

    def _note_faults(self, faults: Iterable[str], is_complete: bool, path: str, repository: str | None) -> None:
        for fault in faults:
            self._problem("odd_listing", path, repository, fault)
        if not is_complete:
            self._problem("incomplete_listing", path, repository, "the listing broke off")

    def _note_tag(self, head: TagHead, *, is_hidden: bool) -> None:
        """Take in what a tag leads to. One that the earlier scan had and the list lacks was most likely deleted."""
        path = f"/v2/{head.repository}/manifests/{head.tag}"
        if head.digest and is_hidden:
            self._problem("lost_name", path, head.repository, "not in the list of tags")
        if head.fault and not is_hidden:
            self._problem("unpullable_tag", path, head.repository, head.fault)
        elif not head.digest and not is_hidden:
            if head.tag not in list_tags(self.registry, head.repository, self.source.page_size).listing.names:
                self._problem("vanished", path, head.repository, "deleted while it was read")
                return
            self._problem("unpullable_tag", path, head.repository, "it leads to no manifest")
        if head.digest:
            self.links[head.digest].add(head.repository)
        if head.digest or not is_hidden:
            self.tags.append(head)

    def read_referrers(self) -> None:
        """Ask for the referrers of what tags lead to, and for theirs, where the registry has a call for that.

        One request a tagged manifest: those of the manifests below an index are not asked for. A registry without the
        call is asked once; the tags that stand for referrers there were listed with all others.
        """
        subjects = {(head.repository, head.digest) for head in self.tags if not stands_for_referrers(head.tag)}
        todo = sorted(pair for pair in subjects if is_full_digest(pair[1]))
        if not todo:
            return
        first = list_referrers(self.registry, todo[0])
        seen, referrers = set(todo), self._note_referrers(first)
        if first.listing is None:
            return
        todo = todo[1:]
        for _ in range(_REFERRERS_DEPTH_LIMIT):
            for found in self._each("asking for referrers", partial(list_referrers, self.registry), todo):
                referrers |= self._note_referrers(found)
            todo = sorted(referrers - seen)
            seen |= referrers
            referrers = set()

    def _note_referrers(self, found: Referrers) -> set[tuple[str, str]]:
        """Take in the referrers of a manifest, as the repository has them; return them, for they may have some too."""
        path = f"/v2/{found.repository}/referrers/{found.digest}"
        faults = found.listing.faults if found.listing else (found.fault,) if found.fault else ()
        self._note_faults(faults, True, path, found.repository)
        digests = [digest for digest in found.listing.names if is_full_digest(digest)] if found.listing else []
        for digest in digests:
            self.links[digest].add(found.repository)
        return {(found.repository, digest) for digest in digests}

    def read_manifests(self) -> None:
        """Read manifests that are new, and see that children of indexes are there, level by level."""
        sizes = {head.digest: head.size_bytes for head in self.tags}
        wanted = [self._wanted(digest, repositories, set()) for digest, repositories in self.links.items()]
        for _ in range(_INDEX_DEPTH_LIMIT):
            lower: dict[str, set[str]] = defaultdict(set)
            for found in self._each("reading manifests", partial(probe, self.registry), wanted):
                self._note_manifest(found, sizes.get(found.digest))
                for child in self.children.get(found.digest, ()) if found.repositories else ():
                    if is_full_digest(child):
                        lower[child].update(set(found.repositories) - self.links[child])
            wanted = [self._wanted(digest, self.links[digest], others) for digest, others in lower.items() if others]
            if not wanted:
                break
        for left in wanted:
            fault = f"more than {_INDEX_DEPTH_LIMIT} indexes above it: it was not asked for"
            self._problem("unreadable_manifest", blob_path(left.digest), None, fault, left.digest)
        self._stage_links()
        self._reuse("manifests", {digest for digest in self.links if digest in self.known})

    def _wanted(self, digest: str, proven: Iterable[str], others: Iterable[str]) -> Wanted:
        return Wanted(digest, tuple(sorted(proven)), tuple(sorted(others)), digest in self.known)

    def _note_manifest(self, found: Probed, size_bytes: int | None) -> None:
        """Take in a manifest, and which repositories have it."""
        out: Rows = defaultdict(list)
        if found.manifest is not None:
            self._take_manifest(found.manifest, out)
        elif found.fault and found.repositories and size_bytes is not None:
            add_unreadable_manifest(out, found.digest, found.fault)
            out["Blob"].append(rows.Blob(found.digest, size_bytes, None))
        elif found.fault:
            self._problem("unreadable_manifest", blob_path(found.digest), None, found.fault, found.digest)
            found = found._replace(repositories=[])
        self._stage(out)
        self.links[found.digest].update(found.repositories)
        for repository in self.links[found.digest] - set(found.repositories):
            self.links[found.digest].discard(repository)
            self.vanished.add(f"{repository}@{found.digest}")

    def _take_manifest(self, manifest: RemoteManifest, out: Rows) -> None:
        """Add a manifest's rows. Of a signed one the registry stores the payload."""
        content = payload_of(manifest.content) if manifest.is_signed else manifest.content
        add_manifest(out, manifest.digest, content)
        out["Blob"].append(rows.Blob(manifest.digest, len(content), None))
        self.children[manifest.digest] = manifest.child_manifests
        self.read_count += 1
        self.known.discard(manifest.digest)

    def _stage_links(self) -> None:
        """Add tags and revisions, now that it is seen which of them are there."""
        for digest, repositories in self.links.items():
            for repository in sorted(repositories):
                self._add("Revision", rows.Revision(repository, digest, digest, None, None))
        for head in self.tags:
            if f"{head.repository}@{head.digest}" in self.vanished:
                path = f"/v2/{head.repository}/manifests/{head.tag}"
                self._problem("vanished", path, head.repository, "deleted while it was read", head.digest)
            else:
                self._add("Tag", rows.Tag(head.repository, head.tag, head.digest or None, None, None))
        self.intake.flush()

    def read_configs(self) -> None:
        """Read image configurations that are new."""
        configs = self._execute("over_http_configs").fetchall()
        self._reuse("configs", {digest for digest, _ in configs if digest in self.known})
        wanted = [row for row in configs if row[0] not in self.known]
        for found in self._each("reading configurations", lambda row: get_blob(self.registry, *row), wanted):
            self._note_config(found)
        self.intake.flush()

    def _note_config(self, found: Blob) -> None:
        out: Rows = defaultdict(list)
        if found.content is not None:
            self.read_count += 1
            add_config(out, found.digest, found.content)
            out["Blob"].append(rows.Blob(found.digest, len(found.content), None))
        elif found.fault:
            add_unreadable_config(out, found.digest, found.fault)
        else:
            self.absent.append(found.digest)
        self._stage(out)

    def add_blobs(self) -> None:
        """Add the layers and what else was not read: with stored sizes if these are wanted, else with declared ones.

        A layer is asked for all the same where no manifest declares a size (schema 1), or where it may lie elsewhere.
        """
        if not self.source.asks_sizes:
            self._execute("over_http_declared", {"absent": self.absent})
        elif self.builds_on_earlier and self._earlier_has_sizes():
            self._execute("reused", {"digests": [digest for digest, _ in self._to_ask()]})
            self._execute("reuse_sizes")
        wanted = self._to_ask()
        for found in self._each("asking for layers", lambda row: head_blob(self.registry, *row), wanted):
            if found.size_bytes is not None:
                self._add("Blob", rows.Blob(found.digest, found.size_bytes, None))
            elif found.fault:
                self.has_all_sizes = False
            else:
                self.absent.append(found.digest)
        self.intake.flush()
        if not self.has_all_sizes:
            self._execute("over_http_declared", {"absent": self.absent})

    def _to_ask(self) -> list[tuple[str, list[str]]]:
        return self._execute("over_http_to_ask", {"absent": self.absent}).fetchall()

    def _earlier_has_sizes(self) -> bool:
        return bool(self.connection.execute("select has_stored_sizes from earlier.store.source").fetchall()[0][0])

    def finish(self, pulls: Pulls | None) -> None:
        """Fill the tables and write down what this scan found, and what logs tell."""
        self.monitor.begin("loading", 1)
        self.intake.finish()
        source = {
            "kind": "registry",
            "has_untagged": False,
            "has_files": False,
            "has_stored_sizes": self.has_all_sizes,
        }
        parts: list[PartRow] = [(_PART, "", "", b"", 0, None)]
        fill(self.connection, source, parts, self._facts, takes_totals=self.previous is not None, pulls=pulls)
        self.monitor.end()

    def _facts(self) -> dict[str, Any]:
        return {
            "scan_id": self.previous.scan_id + 1 if self.previous else 1,
            "started_at": self.started_at.replace(tzinfo=None),
            "finished_at": self.now().replace(tzinfo=None),
            "location": self.source.location,
            "tonnage_version": __version__,
            "schema_version": rows.SCHEMA_VERSION,
            "is_full": not self.builds_on_earlier,
            "is_searched": False,
            "read_count": self.read_count,
        }

    def _reuse(self, what: str, digests: set[str]) -> None:
        """Take over what the earlier scan read, and the sizes of that."""
        if digests:
            self._execute("reused", {"digests": sorted(digests)})
            for name in (what, "sizes"):
                self._execute(f"reuse_{name}")

    def _each(self, what: str, ask: Callable[[Item], Found], items: list[Item]) -> Iterator[Found]:
        self.monitor.begin(what, len(items))
        for found in each(self.registry, self.source.concurrency, ask, items):
            self.monitor.advance(1)
            yield found

    def _execute(self, name: str, values: dict[str, Any] | None = None) -> "duckdb.DuckDBPyConnection":
        return self.connection.execute(statements("scan")[name].sql, values)

    def _add(self, name: str, row: rows.Row) -> None:
        self._stage({name: [row]})

    def _stage(self, out: Rows) -> None:
        self.intake.add(pack(in_part(columns_of(out), _PART)))

    def _problem(self, kind: str, path: str, repository: str | None, detail: str, digest: str | None = None) -> None:
        self._add("Problem", rows.Problem(kind, path, repository, digest, detail))
