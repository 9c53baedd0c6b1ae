"""The first half of a collection: walk the repositories and mark what is to stay.

    for each repository, in the order of the walk:
        for each file `link` below its revisions, if the revision is effective:
            with -m and no tag on it: it is to go (in 3.x unless something marks it in the end), else
            mark it, and what its manifest refers to (2.x one level, 3.x all the way down, but nothing twice)
        3.x: each layer link whose blob is not marked by now is to go

A revision is effective if a link of this repository, at the path of the digest that the file holds, leads to a blob
that is there; for 2.x a layer link will do. Sources: registry/storage/garbagecollect.go, linkedblobstore.go,
catalog.go, tagstore.go and driver/walk.go of distribution 2.8.2 and 3.1.1; checked against both programs.

What cannot be read stops the collection (RefusedError). A `tolerant` marking notes it and goes on as if it were put
right, or were not there where nobody can tell what it should be.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tonnage.formats.names import is_digest, is_path, is_repository_name
from tonnage.gc.plain import Plain
from tonnage.gc.refusals import CrashedError, Link, RefusedError, blob_path
from tonnage.gc.replica import Collector, Replica
from tonnage.gc.tree import BrokenPathError, Fault, Folder, MissingError, Node, ordered

_Folder = tuple[str, ...]
"""A folder of a repository, by the names that lead to it."""

_MARKERS = {2: "_layers", 3: "_manifests"}
"""The folder that makes a repository."""
_REVISIONS, _TAGS, _LAYERS = ("_manifests", "revisions"), ("_manifests", "tags"), ("_layers",)
_MANIFEST_LINKS = {2: (_REVISIONS, _LAYERS), 3: (_REVISIONS,)}
"""Where a link must be for a manifest to be of the repository."""
_NO_DIGEST = "invalid checksum digest, or an unsupported digest algorithm"


class _Repository(NamedTuple):
    name: str
    path: str
    tree: Folder
    rank: int


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
        self._manifest_links = _MANIFEST_LINKS[collector.version]
        self._tagged: set[str] | None = None
        """Digests that tags of the repository at work point to; None until they are asked for."""

    def run(self) -> None:
        """Walk and mark. Raises RefusedError where the collector stops; it has removed nothing by then."""
        stopped: RefusedError | None = None
        try:
            self._find_repositories(self._top(), "repositories")
        except RefusedError as error:
            stopped = error  # after the repositories before it were marked, which may stop it earlier
        plain = Plain(self.replica, self.repositories, is_whole=self.is_whole)
        self.ranks = {name: rank for rank, name in enumerate(self.repositories)}
        for name, tree in self.replica.trees(plain.by_step):
            self._mark_repository(_Repository(name, f"repositories/{name}", tree, self.ranks[name]))
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

    def _mark_repository(self, repository: _Repository) -> None:
        if not is_repository_name(repository.name, self.collector.version):
            self.refuse(RefusedError(repository.path, f"failed to parse repo name {repository.name}"))
            return
        if not is_path(repository.path):
            self.refuse(RefusedError(repository.path, "failed to mark: invalid path"))
            return
        self._tagged = None
        for digest in self._effective(repository, _REVISIONS, self._manifest_links):
            self._ingest(repository, digest)
        if self.collector.version >= 3:
            links = self._effective(repository, _LAYERS, (_LAYERS,))
            self.layer_links += [Link(repository.name, of) for of in links if not self._is_marked(of, repository.rank)]

    def _ingest(self, repository: _Repository, digest: str) -> None:
        if self.collector.delete_untagged and digest not in self._tags(repository):
            is_kept = self.collector.version >= 3 and self.replica.near.rank_of(digest) is not None
            if self._can_list_tags(repository) and not is_kept:
                self.eligible.append(Link(repository.name, digest))
            return
        self.marks.setdefault(digest, repository.rank)
        if self.collector.version == 2:
            for reference in self._references(repository, digest):
                self.marks.setdefault(reference, repository.rank)
        else:
            self._mark_all_below(repository, digest)

    def _mark_all_below(self, repository: _Repository, digest: str) -> None:
        """Mark as 3.x does: what is marked already is not looked into again, though it was another repository's."""
        todo = [iter(self._references(repository, digest))]
        while todo:
            for reference in todo[-1]:
                if self._is_marked(reference, repository.rank):
                    continue
                self.marks[reference] = repository.rank
                if self._is_manifest_of(repository, reference):
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

    def _references(self, repository: _Repository, digest: str) -> list[str]:
        """Return what the manifest refers to; it is read under the digest its link holds."""
        target = self._target(repository, digest, self._manifest_links)
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

    # --- links

    def _effective(self, repository: _Repository, folder: _Folder, kinds: tuple[_Folder, ...]) -> Iterator[str]:
        """Yield the digests in the links below a folder that lead to a blob of the repository."""
        path = "/".join((repository.path, *folder))
        try:
            node = self.replica.find_folder(repository.tree, folder)
        except MissingError:
            if folder == _LAYERS and not self.replica.is_flat:
                self.refuse(RefusedError(path, f"failed to mark: Path not found: {path}"))
            return
        except BrokenPathError as error:
            self.refuse(RefusedError(path, f"failed to mark: {error}"))
            return
        for digest in self._links(node, path):
            if self._target(repository, digest, kinds) is not None:
                yield digest

    def _links(self, node: "Folder | Fault", path: str) -> Iterator[str]:
        """Yield what the files `link` below a folder hold, in the order of the walk."""
        if isinstance(node, Fault):
            self.refuse(RefusedError(path, f"failed to mark: {node.reason}"))
            return
        for name in ordered(node, is_flat=self.replica.is_flat):
            inner, below = node[name], f"{path}/{name}"
            if isinstance(inner, (dict, Fault)):
                yield from self._links(inner, below)
            elif name == "link":
                try:
                    digest = self._content(inner, below)
                except RefusedError as error:
                    self.refuse(error)
                    continue
                yield digest

    def _target(self, repository: _Repository, digest: str, kinds: tuple[_Folder, ...]) -> str | None:
        """Return the digest of the blob that a digest leads to in the repository; None without a link or a blob."""
        try:
            return self._resolve(repository, digest, kinds)
        except RefusedError as error:
            self.refuse(error)
            return None

    def _resolve(self, repository: _Repository, digest: str, kinds: tuple[_Folder, ...]) -> str | None:
        """Do what `_target` does. Raises RefusedError."""
        algorithm, _, hexdigits = digest.partition(":")
        for kind in kinds:
            path = (*kind, algorithm, hexdigits, "link")
            try:
                node = self.replica.find(repository.tree, path)
                if isinstance(node, dict) and not self.replica.driver.has_folders:
                    continue
                target = node if isinstance(node, str) else self._content(node, "/".join((repository.path, *path)))
            except MissingError:
                continue
            except BrokenPathError as error:
                raise RefusedError("/".join((repository.path, *path)), f"failed to mark: {error}") from error
            return target if self._has_blob(target) else None
        return None

    def _content(self, node: Node, path: str) -> str:
        """Return the digest a link holds. Raises RefusedError. If tolerant, the one its path spells."""
        if isinstance(node, str) and is_path(path):
            return node
        if not is_path(path):
            message = "invalid path"
        elif isinstance(node, dict):
            message = "is a directory"
        else:
            message = node.reason if isinstance(node, Fault) else _NO_DIGEST
        error = RefusedError(path, f"failed to mark: {message}")
        meant = ":".join(path.split("/")[-3:-1])
        if not self.tolerant or not is_digest(meant):
            raise error
        self.refuse(error)
        return meant

    def _has_blob(self, digest: str) -> bool:
        try:
            return self.replica.has_blob(digest)
        except BrokenPathError as error:
            raise RefusedError(blob_path(digest), f"failed to mark: {error}") from error

    def _is_manifest_of(self, repository: _Repository, digest: str) -> bool:
        """Return whether the repository has the manifest. 3.x takes an error here for a no."""
        try:
            return is_digest(digest) and self._resolve(repository, digest, self._manifest_links) is not None
        except RefusedError:
            return False

    # --- tags

    def _tags(self, repository: _Repository) -> set[str]:
        """Return the digests that tags point to. The program reads all tags again for each revision; once will do."""
        if self._tagged is None:
            self._tagged = self._read_tags(repository)
        return self._tagged

    def _read_tags(self, repository: _Repository) -> set[str]:
        path = "/".join((repository.path, *_TAGS))
        try:
            folder = self.replica.find_folder(repository.tree, _TAGS)
        except MissingError:
            return set()
        except BrokenPathError as error:
            self.refuse(RefusedError(path, f"failed to retrieve tags: {error}"))
            return set()
        digests, broken = set(), {}
        for tag in folder:
            link = f"{path}/{tag}/current/link"
            try:
                digests.add(self._read_tag(folder, tag, link))
            except MissingError:
                continue
            except BrokenPathError as error:
                broken[link] = f"failed to retrieve tags: {error}"
        for link, message in sorted(broken.items()):
            self.refuse(RefusedError(link, message, broken))
        return digests

    def _read_tag(self, folder: Folder, tag: str, path: str) -> str:
        """Return the digest a tag points to. Raises MissingError and BrokenPathError."""
        if not is_path(path):
            raise BrokenPathError("invalid path")
        node = self.replica.find(folder, (tag, "current", "link"))
        if isinstance(node, str):
            return node
        if isinstance(node, dict):
            raise BrokenPathError("is a directory") if self.replica.driver.has_folders else MissingError
        raise BrokenPathError(node.reason if isinstance(node, Fault) else _NO_DIGEST)

    def _can_list_tags(self, repository: _Repository) -> bool:
        """Return whether there is a folder of tags; without one 2.x stops, and 3.x leaves the revision alone."""
        try:
            self.replica.find_folder(repository.tree, _TAGS)
        except MissingError:
            if self.collector.version == 2:
                path = "/".join((repository.path, *_TAGS))
                self.refuse(RefusedError(path, f"failed to retrieve tags unknown repository name={repository.name}"))
            return self.collector.version == 2
        except BrokenPathError:  # refused before, when the tags were read
            return True
        return True
