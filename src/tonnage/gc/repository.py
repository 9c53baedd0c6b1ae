"""One repository as the collector reads it: what its links lead to, and what its tags point to.

Sources: registry/storage/linkedblobstore.go and tagstore.go of distribution 2.8.2 and 3.1.1; checked against both
programs.
"""

from collections.abc import Callable, Iterator

from tonnage.formats.names import is_digest, is_path
from tonnage.gc.refusals import RefusedError, blob_path
from tonnage.gc.replica import Replica
from tonnage.gc.tree import BrokenPathError, Fault, Folder, MissingError, Node, ordered

_Folder = tuple[str, ...]
"""A folder of a repository, by the names that lead to it."""

_REVISIONS, _TAGS, _LAYERS = ("_manifests", "revisions"), ("_manifests", "tags"), ("_layers",)
_MANIFEST_LINKS = {2: (_REVISIONS, _LAYERS), 3: (_REVISIONS,)}
"""Where a link must be for a manifest to be of the repository, by the version of the collector."""
_NO_DIGEST = "invalid checksum digest, or an unsupported digest algorithm"


class Repository:
    """A repository, put together from the inventory. What the collector stops on is handed to `refuse`."""

    def __init__(
        self,
        replica: Replica,
        name: str,
        tree: Folder,
        rank: int,
        refuse: Callable[[RefusedError], None],
        *,
        tolerant: bool,
    ) -> None:
        """With `tolerant`, `refuse` returns, and what cannot be read is taken for what it should be, or for absent."""
        self.replica = replica
        self.name = name
        self.path = f"repositories/{name}"
        self.tree = tree
        self.rank = rank
        """Its place in the order of the walk."""
        self.refuse = refuse
        self.tolerant = tolerant
        self.version = replica.collector.version
        self._manifest_links = _MANIFEST_LINKS[self.version]
        self._tagged: set[str] | None = None
        """Digests that its tags point to; None until they are asked for."""

    # --- links

    def revisions(self) -> Iterator[str]:
        """Yield the digests in its links to manifests, as far as they lead to a blob."""
        return self._effective(_REVISIONS, self._manifest_links)

    def layers(self) -> Iterator[str]:
        """Yield the digests in its links to layers, as far as they lead to a blob."""
        return self._effective(_LAYERS, (_LAYERS,))

    def manifest_target(self, digest: str) -> str | None:
        """Return the digest of the blob that the link to a manifest leads to; None without a link or a blob."""
        return self._target(digest, self._manifest_links)

    def _effective(self, folder: _Folder, kinds: tuple[_Folder, ...]) -> Iterator[str]:
        """Yield the digests in the links below a folder that lead to a blob of the repository."""
        path = "/".join((self.path, *folder))
        try:
            node = self.replica.find_folder(self.tree, folder)
        except MissingError:
            if folder == _LAYERS and not self.replica.is_flat:
                self.refuse(RefusedError(path, f"failed to mark: Path not found: {path}"))
            return
        except BrokenPathError as error:
            self.refuse(RefusedError(path, f"failed to mark: {error}"))
            return
        for digest in self._links(node, path):
            if self._target(digest, kinds) is not None:
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

    def _target(self, digest: str, kinds: tuple[_Folder, ...]) -> str | None:
        """Return the digest of the blob that a digest leads to in the repository; None without a link or a blob."""
        try:
            return self._resolve(digest, kinds)
        except RefusedError as error:
            self.refuse(error)
            return None

    def _resolve(self, digest: str, kinds: tuple[_Folder, ...]) -> str | None:
        """Do what `_target` does. Raises RefusedError."""
        algorithm, _, hexdigits = digest.partition(":")
        for kind in kinds:
            path = (*kind, algorithm, hexdigits, "link")
            try:
                node = self.replica.find(self.tree, path)
                if isinstance(node, dict) and not self.replica.driver.has_folders:
                    continue
                target = node if isinstance(node, str) else self._content(node, "/".join((self.path, *path)))
            except MissingError:
                continue
            except BrokenPathError as error:
                raise RefusedError("/".join((self.path, *path)), f"failed to mark: {error}") from error
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

    def has_manifest(self, digest: str) -> bool:
        """Return whether the repository has the manifest. 3.x takes an error here for a no."""
        try:
            return is_digest(digest) and self._resolve(digest, self._manifest_links) is not None
        except RefusedError:
            return False

    # --- tags

    def tags(self) -> set[str]:
        """Return the digests that tags point to. The program reads all tags again for each revision; once will do."""
        if self._tagged is None:
            self._tagged = self._read_tags()
        return self._tagged

    def _read_tags(self) -> set[str]:
        path = "/".join((self.path, *_TAGS))
        try:
            folder = self.replica.find_folder(self.tree, _TAGS)
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

    def can_list_tags(self) -> bool:
        """Return whether there is a folder of tags; without one 2.x stops, and 3.x leaves the revision alone."""
        try:
            self.replica.find_folder(self.tree, _TAGS)
        except MissingError:
            if self.version == 2:
                path = "/".join((self.path, *_TAGS))
                self.refuse(RefusedError(path, f"failed to retrieve tags unknown repository name={self.name}"))
            return self.version == 2
        except BrokenPathError:  # refused before, when the tags were read
            return True
        return True
