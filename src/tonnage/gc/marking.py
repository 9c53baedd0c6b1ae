"""The first half of a collection: walk the repositories and mark what is to stay.

    for each repository, in the order of the walk:
        for each file `link` below its revisions, if the revision is effective:
            with -m and no tag on it: it is to go (in 3.x unless something marks it in the end), else
            mark it, and what its manifest refers to (2.x one level, 3.x all the way down, but nothing twice)
        3.x: each layer link whose blob is not marked by now is to go

A revision is effective if a link of this repository, at the path of the digest that the file holds, leads to a blob
that is there; for 2.x a layer link will do: see `repository`. Sources: registry/storage/garbagecollect.go, catalog.go
and driver/walk.go of distribution 2.8.2 and 3.1.1; checked against both programs.

What cannot be read stops the collection (RefusedError). A `tolerant` marking notes it and goes on as if it were put
right, or were not there where nobody can tell what it should be.
"""

from tonnage.formats.names import is_path, is_repository_name
from tonnage.gc.plain import Plain
from tonnage.gc.refusals import CrashedError, Link, RefusedError, blob_path
from tonnage.gc.replica import Collector, Replica
from tonnage.gc.repository import Repository
from tonnage.gc.tree import BrokenPathError, Fault, Folder, MissingError, ordered
from tonnage.gc.trees import put_together

_MARKERS = {2: "_layers", 3: "_manifests"}
"""The folder that makes a repository."""


class Marking:
    """The marks, and what is to go besides the blobs without one. `run` once."""

    def __init__(
        self, replica: Replica, collector: Collector, *, tolerant: bool = False, is_whole: bool = False
    ) -> None:
        self.replica = replica
        self.collector = collector
        self.tolerant = tolerant
        self.refusals: dict[str, RefusedError] = {}
        """What a tolerant marking came across, by path."""
        self.is_whole = is_whole
        """Whether every repository is followed step by step, also those in which nothing is odd."""
        self.marks: dict[str, int] = {}
        """What is marked step by step, be it an empty text, and the rank of the repository that did."""
        self.marked_count = 0
        """What the collector counts as "blobs marked"."""
        self.eligible: list[Link] = []
        self.layer_links: list[Link] = []
        """As `eligible`, of repositories that are followed step by step; the others' are in tables."""
        self.repositories: list[str] = []
        """Names of the repositories walked, in the order of the walk."""
        self.ranks: dict[str, int] = {}
        """Their places in that order."""

    def run(self) -> None:
        """Walk and mark. Raises RefusedError where the collector stops; it has removed nothing by then."""
        stopped: RefusedError | None = None
        try:
            self._find_repositories(self._top(), "repositories")
        except RefusedError as error:
            stopped = error  # after the repositories before it were marked, which may stop it earlier
        plain = Plain(self.replica, self.repositories, is_whole=self.is_whole)
        self.ranks = {name: rank for rank, name in enumerate(self.repositories)}
        for name, tree in put_together(self.replica, plain.by_step):
            rank = self.ranks[name]
            self._mark_repository(Repository(self.replica, name, tree, rank, self.refuse, tolerant=self.tolerant))
        if stopped:
            raise stopped
        self.marked_count = plain.add_marks(self.marks)
        if self.collector.version >= 3:
            self.eligible = [link for link in self.eligible if link.digest not in self.marks]

    def refuse(self, error: RefusedError) -> None:
        """Stop, or note it and go on."""
        if not self.tolerant:
            raise error
        self.refusals.setdefault(error.path, error)

    # --- the walk for repositories

    def _top(self) -> Folder:
        try:
            return self.replica.repositories()
        except MissingError:
            if not self.replica.is_flat:
                self.refuse(RefusedError("repositories", "failed to mark: Path not found: repositories"))
        except BrokenPathError as error:
            self.refuse(RefusedError("repositories", f"failed to mark: {error}"))
        return {}

    def _find_repositories(self, folder: Folder, path: str) -> None:
        """Add the repositories below a folder.

        In 2.x a plain file `_…` hides whatever comes after it in its folder. In a flat listing a name `_…` hides all that
        begin like it, as the last thing to be skipped is recognised by the beginning of the path.
        """
        marker = _MARKERS[self.collector.version]
        skipped = None
        for name in ordered(folder, is_flat=self.replica.is_flat):
            node, below = folder[name], f"{path}/{name}"
            if self.replica.is_flat and skipped is not None and name.startswith(skipped):
                continue
            if isinstance(node, Fault):
                self.refuse(RefusedError(below, f"failed to mark: {node.reason}"))
                continue
            if name == marker:
                self.repositories.append(path.partition("/")[2] or name)
            if name.startswith("_"):
                skipped = name
                if self.collector.version == 2 and not isinstance(node, dict):
                    return
            elif isinstance(node, dict):
                self._find_repositories(node, below)

    # --- one repository

    def _mark_repository(self, repository: Repository) -> None:
        if not is_repository_name(repository.name, self.collector.version):
            self.refuse(RefusedError(repository.path, f"failed to parse repo name {repository.name}"))
            return
        if not is_path(repository.path):
            self.refuse(RefusedError(repository.path, "failed to mark: invalid path"))
            return
        for digest in repository.revisions():
            self._ingest(repository, digest)
        if self.collector.version >= 3:
            layers = repository.layers()
            self.layer_links += [Link(repository.name, of) for of in layers if not self._is_marked(of, repository.rank)]

    def _ingest(self, repository: Repository, digest: str) -> None:
        if self.collector.delete_untagged and digest not in repository.tags():
            is_kept = self.collector.version >= 3 and self.replica.near.rank_of(digest) is not None
            if repository.can_list_tags() and not is_kept:
                self.eligible.append(Link(repository.name, digest))
            return
        self.marks.setdefault(digest, repository.rank)
        if self.collector.version == 2:
            for reference in self._references(repository, digest):
                self.marks.setdefault(reference, repository.rank)
        else:
            self._mark_all_below(repository, digest)

    def _mark_all_below(self, repository: Repository, digest: str) -> None:
        """Mark as 3.x does: what is marked already is not looked into again, though it was another repository's."""
        todo = [iter(self._references(repository, digest))]
        while todo:
            for reference in todo[-1]:
                if self._is_marked(reference, repository.rank):
                    continue
                self.marks[reference] = repository.rank
                if repository.has_manifest(reference):
                    todo.append(iter(self._references(repository, reference)))
                    break
            else:
                todo.pop()

    def _is_marked(self, digest: str, rank: int) -> bool:
        """Return whether a digest is marked once the walk is in the repository of that rank."""
        if digest in self.marks:
            return True
        first = self.replica.near.rank_of(digest)
        return first is not None and first < rank

    def _references(self, repository: Repository, digest: str) -> list[str]:
        """Return what the manifest refers to; it is read under the digest its link holds."""
        target = repository.manifest_target(digest)
        if target is None:  # only if tolerant
            return []
        manifest = self.replica.near.manifest_of(target)
        reason = manifest.refused_by[self.collector.version] if manifest else "not read by the scan"
        if manifest is None or reason:
            refused = CrashedError if reason and reason.startswith("panic") else RefusedError
            message = f"failed to retrieve manifest for digest {digest}: {reason}"
            self.refuse(refused(blob_path(target), message))
            return []
        return manifest.references
