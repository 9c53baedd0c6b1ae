"""The second half of a collection: remove revisions, then blobs without a mark, then, in 3.x, layer links.

Whatever is removed is removed as a whole folder (a layer link: as a file), with all that lies in it. A step that
fails ends the collection and leaves what was removed removed. Blobs go in random order (a Go map), layer links
repository by repository in random order; the tags of a revision in the order in which the disk lists them (2.x) or by
name (3.x). Where that decides what is removed before a failure, it is in `maybe`.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from tonnage.formats.names import is_digest
from tonnage.gc.marking import Marking
from tonnage.gc.refusals import CrashedError, Link, RefusedError, blob_path
from tonnage.gc.replica import Replica
from tonnage.gc.tree import BrokenPathError, Fault, Folder, MissingError, Node, find, ordered
from tonnage.gc.trees import put_together

_ROOT = ("docker", "registry", "v2")
"""Where the storage lies for the registry: the parser of blob paths looks up that far."""


_ANY_DIGEST = ""


class HistoryEntry(NamedTuple):
    """An entry of a tag's history that is to go."""

    repository: str
    tag: str
    digest: str


@dataclass(slots=True)
class Removed:
    """What is removed, each as a folder; a layer link as a file: by name where the collector is followed step by step.

    The rest is in tables (gc_plain_eligible and the like), and here is said how much of it is removed.
    """

    revisions: list[Link] = field(default_factory=list)
    history: list[HistoryEntry] = field(default_factory=list)
    blobs: set[str] = field(default_factory=set)
    layer_links: list[Link] = field(default_factory=list)
    end_rank: int = 0
    """Revisions in tables go in all repositories before this place in the walk."""
    has_blobs: bool = False
    """Whether blobs in tables go."""
    has_layer_links: bool = False
    """Whether layer links in tables go."""


class Sweep:
    """Removes step by step; `removed` holds what is certainly gone at any moment, `maybe` what may be gone as well."""

    def __init__(self, replica: Replica, marking: Marking) -> None:
        self.replica = replica
        self.marking = marking
        self.removed = Removed()
        self.maybe = Removed()
        self._odd_places: dict[str, str] = {}
        """Digests that the program makes of files `data` elsewhere among the blobs, and where these are."""
        self._gone: set[str] = set()
        """Real paths that are gone, where symbolic links give some a second one."""

    # --- revisions

    def remove_revisions(self) -> None:
        """Remove the revisions without a tag and their entries in the history of tags. Raises RefusedError."""
        by_repository: dict[str, list[str]] = {}
        for repository, digest in self.marking.eligible:
            by_repository.setdefault(repository, []).append(digest)
        self.replica.set_eligible(self.marking.eligible)
        for repository, tree in put_together(self.replica, list(by_repository), only_eligible=True):
            self.removed.end_rank = self.marking.ranks[repository]
            tags = _tags_by_digest(tree)
            for digest in by_repository[repository]:
                self._remove_history(repository, tree, digest, sorted(tags.get(digest, []) + tags[_ANY_DIGEST]))
                self._remove_revision(repository, tree, digest)
        self.removed.end_rank = len(self.marking.repositories)

    def _remove_revision(self, repository: str, tree: Folder, digest: str) -> None:
        path = f"_manifests/revisions/{digest.replace(':', '/')}"
        message = f"failed to delete manifest {digest}"
        try:
            self._take(repository, tree, path)
            self.removed.revisions.append(Link(repository, digest))
        except MissingError:
            self.marking.refuse(RefusedError(f"repositories/{repository}/{path}", f"{message}: Path not found"))
        except BrokenPathError as error:
            self.marking.refuse(RefusedError(f"repositories/{repository}/{path}", f"{message}: {error}"))

    def _remove_history(self, repository: str, tree: Folder, digest: str, tags: list[str]) -> None:
        broken: dict[str, str] = {}
        entries = []
        for tag in tags:
            path = f"_manifests/tags/{tag}/index/{digest.replace(':', '/')}"
            try:
                self._take(repository, tree, path)
                entries.append(HistoryEntry(repository, tag, digest))
            except MissingError:
                continue
            except BrokenPathError as error:
                broken[f"repositories/{repository}/{path}"] = f"failed to delete manifest {digest}: {error}"
                if self.marking.collector.version >= 3 and not self.marking.tolerant:
                    break  # in the order of names, so that nothing after it was tried
        is_certain = not broken or self.marking.collector.version >= 3 or self.marking.tolerant
        (self.removed if is_certain else self.maybe).history.extend(entries)
        for path, message in sorted(broken.items()):
            self.marking.refuse(RefusedError(path, message, broken))

    def _take(self, repository: str, tree: Folder, path: str) -> None:
        """Take a path out of the repository. Raises MissingError and BrokenPathError where there is none to take."""
        *parents, name = path.split("/")
        parent = self.replica.find(tree, parents)
        node = self.replica.find(parent, (name,))
        if isinstance(node, Fault) and not node.is_circle:
            raise BrokenPathError(node.reason)
        self._note_gone(f"repositories/{repository}/{path}")
        assert isinstance(parent, dict)  # else there would be nothing below it
        del parent[name]

    def _note_gone(self, path: str) -> None:
        """Note that a path is removed. Raises MissingError if it was removed before, under another name."""
        if not self.replica.symlinks:
            return
        real = self.replica.real_path(path)
        parts = real.split("/")
        if any("/".join(parts[:count]) in self._gone for count in range(1, len(parts) + 1)):
            raise MissingError
        self._gone.add(real)

    # --- blobs

    def find_blobs(self) -> set[str]:
        """Find the blobs that nothing marks; return the digests of those that are not in gc_unmarked_blob, or may fail.

        Raises RefusedError on what can be no blob.
        """
        if not self.replica.has_blobs_folder and not self.replica.is_flat:
            self.marking.refuse(RefusedError("blobs", "error enumerating blobs: Path not found: blobs"))
        self._find_odd_blobs(self.replica.odd_blobs, "blobs")
        places = [digest for digest in self._odd_places if digest not in self.marking.marks]
        found = {digest for (digest,) in self.replica.run("unmarked", digests=places)} if places else set()
        if self.replica.symlinks:
            found.update(digest for (digest,) in self.replica.run("unmarked_blobs"))
        return found

    def _find_odd_blobs(self, node: Node, path: str) -> None:
        """Note the digests of files `data` that lie elsewhere than a blob should and pass for one nevertheless."""
        if not isinstance(node, dict):
            reason = node.reason if isinstance(node, Fault) else "not a directory"
            self.marking.refuse(RefusedError(path, f"error enumerating blobs: {reason}"))
            return
        for name in ordered(node, is_flat=self.replica.is_flat):
            inner, below = node[name], f"{path}/{name}"
            if isinstance(inner, (dict, Fault)):
                self._find_odd_blobs(inner, below)
            elif name == "data":
                try:
                    self._odd_places[_digest_of_path(below)] = below
                except RefusedError as error:
                    self.marking.refuse(error)

    def remove_blobs(self, digests: set[str]) -> None:
        """Remove blobs. Raises RefusedError if one cannot be; what else is gone by then nobody knows."""
        failed: dict[str, str] = {}
        for digest in sorted(digests) if self.replica.symlinks else digests:
            try:
                if not self.replica.near.is_blob(digest):
                    algorithm, _, hexdigits = digest.partition(":")
                    self.replica.find(self.replica.odd_blobs, (algorithm, hexdigits[:2], hexdigits))
                self._note_gone(blob_path(digest).removesuffix("/data"))
            except (MissingError, BrokenPathError) as error:
                failed[digest] = f"failed to delete blob {digest}: {str(error) or 'Path not found'}"
        paths = {
            self._odd_places.get(digest) or blob_path(digest).removesuffix("/data"): message
            for digest, message in failed.items()
        }
        is_certain = not failed or self.marking.tolerant
        where = self.removed if is_certain else self.maybe
        where.blobs.update(digests - failed.keys())
        where.has_blobs = not self.replica.symlinks
        for path, message in sorted(paths.items()):
            self.marking.refuse(RefusedError(path, message, paths))

    # --- layer links

    def remove_layer_links(self) -> None:
        """Remove the layer links that were not marked when their repository was walked. Raises RefusedError."""
        by_repository: dict[str, list[Link]] = {}
        for link in self.marking.layer_links:
            by_repository.setdefault(link.repository, []).append(link)
        taken: dict[str, list[Link]] = {}
        failed: dict[str, Link] = {}
        for repository, links in by_repository.items():
            taken[repository], broken = self._take_layer_links(links)
            if broken:
                failed[repository] = broken
        for repository, links in taken.items():
            is_certain = not failed or self.marking.tolerant or set(failed) == {repository}
            (self.removed if is_certain else self.maybe).layer_links.extend(links)
        (self.removed if not failed or self.marking.tolerant else self.maybe).has_layer_links = True
        messages = {
            f"repositories/{link.repository}/_layers/{link.digest.replace(':', '/')}/link":
            f"failed to delete layer link {link.digest} of repo {link.repository}: Path not found"
            for link in failed.values()
        }  # fmt: skip
        for path, message in sorted(messages.items()):
            self.marking.refuse(RefusedError(path, message, messages))

    def _take_layer_links(self, links: list[Link]) -> tuple[list[Link], Link | None]:
        """Return the links of one repository that are removed, and the one that fails: it was removed before."""
        taken: list[Link] = []
        seen: set[str] = set()
        broken = None
        for link in links:
            path = f"repositories/{link.repository}/_layers/{link.digest.replace(':', '/')}/link"
            try:
                if link.digest in seen:
                    raise MissingError
                self._note_gone(path)
            except MissingError:
                broken = broken or link
                if not self.marking.tolerant:
                    break
                continue
            seen.add(link.digest)
            taken.append(link)
        return taken, broken


def _tags_by_digest(tree: Folder) -> dict[str, list[str]]:
    """Return the tags that have a digest in their history, by digest; under `_ANY_DIGEST` those where it is odd.

    The program asks every tag for every revision. Asking all of an odd tag too, what it meets there is met here.
    """
    by_digest: dict[str, list[str]] = {_ANY_DIGEST: []}
    try:
        tags = find(tree, ("_manifests", "tags"))
    except (MissingError, BrokenPathError):
        return by_digest
    for tag, node in tags.items() if isinstance(tags, dict) else ():
        index = node.get("index", {}) if isinstance(node, dict) else None
        if not isinstance(index, dict) or not all(isinstance(below, dict) for below in index.values()):
            by_digest[_ANY_DIGEST].append(tag)
            continue
        for algorithm, below in index.items():
            for hexdigits in below if isinstance(below, dict) else ():
                by_digest.setdefault(f"{algorithm}:{hexdigits}", []).append(tag)
    return by_digest


def _digest_of_path(path: str) -> str:
    """Return the digest that the program makes of a path `…/data`. Raises RefusedError where it makes none.

    It looks at the three folders above: `<alg>/<xx>/<hex>`, or `<alg>/<hex>` where the middle one does not fit.
    """
    *_, upper, middle, hexdigits = (*_ROOT, *path.split("/")[:-1])
    if len(hexdigits.encode()) < 2:
        raise CrashedError(path, "panic: runtime error: slice bounds out of range [:2]")
    algorithm = upper if middle == hexdigits[:2] else middle
    digest = f"{algorithm}:{hexdigits}"
    if not is_digest(digest):
        raise RefusedError(path, "error enumerating blobs: invalid checksum digest")
    return digest
