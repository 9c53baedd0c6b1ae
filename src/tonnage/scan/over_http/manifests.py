"""Manifests: what the tags lead to, what refers to them, what indexes lead to, and which repositories have each."""

from collections import defaultdict
from collections.abc import Iterable
from functools import partial

from tonnage.formats.layout import blob_path, is_full_digest
from tonnage.inventory import rows
from tonnage.registry.manifests import RemoteManifest, payload_of
from tonnage.registry.referrers import stands_for_referrers
from tonnage.scan.columns import Rows
from tonnage.scan.contents import add_manifest, add_unreadable_manifest
from tonnage.scan.over_http.work import Work
from tonnage.scan.requests import Probed, Referrers, TagHead, Wanted, list_referrers, probe

_REFERRERS_DEPTH_LIMIT = 4
"""The signature of an SBOM of an image is at the second; whoever answers with ever new ones is not followed."""
_INDEX_DEPTH_LIMIT = 50
"""Of indexes in indexes; more are a tower that somebody built to keep others busy."""


class Manifests:
    """Reads the manifests that are new, and finds where each is."""

    def __init__(self, work: Work, tags: list[TagHead], known: set[str]) -> None:
        """Start at what the tags lead to; `known` are the digests whose content an earlier scan read."""
        self.work = work
        self.tags = tags
        self.known = known
        self.links: dict[str, set[str]] = defaultdict(set)
        """Digest of a manifest -> repositories that have it."""
        self.children: dict[str, list[str]] = defaultdict(list)
        self.vanished: set[str] = set()
        for head in tags:
            if head.digest:
                self.links[head.digest].add(head.repository)
        if work.builds_on_earlier:
            for parent, child in work.execute("over_http_children").fetchall():
                self.children[parent].append(child)

    def read_referrers(self) -> None:
        """Ask for the referrers of what tags lead to, and for theirs, where the registry has a call for that.

        One request a tagged manifest: those of the manifests below an index are not asked for. A registry without the
        call is asked once; the tags that stand for referrers there were listed with all others.
        """
        subjects = {(head.repository, head.digest) for head in self.tags if not stands_for_referrers(head.tag)}
        todo = sorted(pair for pair in subjects if is_full_digest(pair[1]))
        if not todo:
            return
        first = list_referrers(self.work.registry, todo[0])
        seen, referrers = set(todo), self._note_referrers(first)
        if first.listing is None:
            return
        todo = todo[1:]
        for _ in range(_REFERRERS_DEPTH_LIMIT):
            for found in self.work.each("asking for referrers", partial(list_referrers, self.work.registry), todo):
                referrers |= self._note_referrers(found)
            todo = sorted(referrers - seen)
            seen |= referrers
            referrers = set()

    def _note_referrers(self, found: Referrers) -> set[tuple[str, str]]:
        """Take in the referrers of a manifest, as the repository has them; return them, for they may have some too."""
        path = f"/v2/{found.repository}/referrers/{found.digest}"
        faults = found.listing.faults if found.listing else (found.fault,) if found.fault else ()
        self.work.faults(faults, True, path, found.repository)
        digests = [digest for digest in found.listing.names if is_full_digest(digest)] if found.listing else []
        for digest in digests:
            self.links[digest].add(found.repository)
        return {(found.repository, digest) for digest in digests}

    def read(self) -> None:
        """Read manifests that are new, and see that children of indexes are there, level by level."""
        sizes = {head.digest: head.size_bytes for head in self.tags}
        wanted = [self._wanted(digest, repositories, set()) for digest, repositories in self.links.items()]
        for _ in range(_INDEX_DEPTH_LIMIT):
            lower: dict[str, set[str]] = defaultdict(set)
            for found in self.work.each("reading manifests", partial(probe, self.work.registry), wanted):
                self._note_manifest(found, sizes.get(found.digest))
                for child in self.children.get(found.digest, ()) if found.repositories else ():
                    if is_full_digest(child):
                        lower[child].update(set(found.repositories) - self.links[child])
            wanted = [self._wanted(digest, self.links[digest], others) for digest, others in lower.items() if others]
            if not wanted:
                break
        for left in wanted:
            fault = f"more than {_INDEX_DEPTH_LIMIT} indexes above it: it was not asked for"
            self.work.problem("unreadable_manifest", blob_path(left.digest), None, fault, left.digest)
        self._add_links()
        self.work.reuse("manifests", {digest for digest in self.links if digest in self.known})

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
            self.work.problem("unreadable_manifest", blob_path(found.digest), None, found.fault, found.digest)
            found = found._replace(repositories=[])
        self.work.stage(out)
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
        self.work.read_count += 1
        self.known.discard(manifest.digest)

    def _add_links(self) -> None:
        """Add tags and revisions, now that it is seen which of them are there."""
        for digest, repositories in self.links.items():
            for repository in sorted(repositories):
                self.work.add("Revision", rows.Revision(repository, digest, digest, None, None))
        for head in self.tags:
            if f"{head.repository}@{head.digest}" in self.vanished:
                path = f"/v2/{head.repository}/manifests/{head.tag}"
                self.work.problem("vanished", path, head.repository, "deleted while it was read", head.digest)
            else:
                self.work.add("Tag", rows.Tag(head.repository, head.tag, head.digest or None, None, None))
        self.work.intake.flush()
