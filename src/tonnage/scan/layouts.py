"""Files of OCI image layouts -> rows. Of a layout only its index is read here; manifests are read by their digest."""

from collections import defaultdict
from collections.abc import Callable, Iterable

from tonnage.formats.image_layout import (
    INDEX_BYTES_LIMIT,
    LayoutPath,
    LayoutPlace,
    Listed,
    UnreadableIndexError,
    is_layout_marker,
    is_reference_name,
    locate_in_layouts,
    parse_index,
)
from tonnage.inventory import rows
from tonnage.scan.columns import Rows
from tonnage.storage import Entry, Storage, Type

_MARKER_BYTES_LIMIT = 65_536


class LayoutSorter:
    """Sorts the entries of layouts into rows; `name` is the repository where the root itself is a layout."""

    def __init__(self, storage: Storage, name: str, problem_of: Callable[[Type], str]) -> None:
        self.storage = storage
        self.name = name
        self.problem_of = problem_of
        self.rows: Rows = defaultdict(list)
        self.repositories: set[str] = set()

    def sort(self, entries: Iterable[Entry]) -> Rows:
        """Return the rows of these entries."""
        for entry in entries:
            located = locate_in_layouts(entry.path)
            if located.repository == "":
                located = self._at_root(located)
            self._note_repository(located)
            if entry.type is Type.FILE or entry.type is Type.ALIAS:
                self._file(entry, located)
                if entry.detail:
                    self._problem("symlink", entry, located, entry.detail)
            elif entry.type is not Type.EMPTY_FOLDER:
                self._problem(self.problem_of(entry.type), entry, located, entry.detail)
            elif located.place in (LayoutPlace.BLOB, LayoutPlace.INDEX, LayoutPlace.MARKER):
                self._problem("folder_as_file", entry, located)
            elif located.place is not LayoutPlace.FOLDER:
                self.rows["EmptyFolder"].append(rows.EmptyFolder(entry.path, located.repository, None))
        return dict(self.rows)

    def _at_root(self, located: LayoutPath) -> LayoutPath:
        """Name the repository of a layout that is the root; without one, what would be its files are strays."""
        if self.name:
            return located._replace(repository=self.name)
        return LayoutPath(LayoutPlace.STRAY)

    def _note_repository(self, located: LayoutPath) -> None:
        repository = located.repository
        if repository is not None and repository not in self.repositories:
            self.repositories.add(repository)
            self.rows["Folder"].append(rows.Folder(repository, "blobs"))

    def _file(self, entry: Entry, located: LayoutPath) -> None:
        match located.place:
            case LayoutPlace.BLOB:
                self._layout_file(entry, located)
            case LayoutPlace.INDEX:
                self._layout_file(entry, located)
                if located.repository is not None:
                    self._index(entry, located, located.repository)
            case LayoutPlace.MARKER:
                self._layout_file(entry, located)
                self._marker(entry, located)
            case LayoutPlace.UPLOAD:
                size_bytes = 0 if entry.type is Type.ALIAS else entry.size_bytes
                repository = located.repository or ""
                row = rows.UploadFile(repository, located.name, "data", None, size_bytes, entry.modified_us)
                self.rows["UploadFile"].append(row)
            case _:
                self._stray(entry, located)

    def _layout_file(self, entry: Entry, located: LayoutPath) -> None:
        """Add a file that belongs to a layout. What a symbolic link leads to inside the storage counts there."""
        size_bytes = 0 if entry.type is Type.ALIAS else entry.size_bytes
        row = rows.LayoutFile(
            located.repository, located.digest or None, entry.path, size_bytes, entry.modified_us, entry.inode
        )  # fmt: skip
        self.rows["LayoutFile"].append(row)

    def _index(self, entry: Entry, located: LayoutPath, repository: str) -> None:
        content = self._read(entry, located, INDEX_BYTES_LIMIT + 1)
        if content is None:
            return
        try:
            index = parse_index(content)
        except UnreadableIndexError as error:
            self._problem("unreadable_index", entry, located, str(error))
            return
        for digest in dict.fromkeys(listed.digest for listed in index.manifests):
            self.rows["Revision"].append(rows.Revision(repository, digest, digest, None, None))
        self._tags(entry, located, repository, index.manifests)
        for detail in index.odd:
            self._problem("odd_index_entry", entry, located, detail)

    def _tags(self, entry: Entry, located: LayoutPath, repository: str, manifests: list[Listed]) -> None:
        """Add a row for each tag and digest: a tag that an index lists twice holds both."""
        tags: dict[str, str] = {}
        for digest, tag in dict.fromkeys(manifests):
            if tag is None:
                continue
            self.rows["Tag"].append(rows.Tag(repository, tag, digest, None, None))
            if tags.setdefault(tag, digest) != digest:
                self._problem("tag_listed_twice", entry, located, tag)
            if not is_reference_name(tag):
                self._problem("bad_tag_name", entry, located, tag)

    def _marker(self, entry: Entry, located: LayoutPath) -> None:
        content = self._read(entry, located, _MARKER_BYTES_LIMIT)
        if content is not None and not is_layout_marker(content):
            self._problem("bad_layout_file", entry, located, repr(content[:80])[1:])

    def _stray(self, entry: Entry, located: LayoutPath) -> None:
        size_bytes = 0 if entry.type is Type.ALIAS else entry.size_bytes
        row = rows.Stray(entry.path, located.repository, None, size_bytes, entry.modified_us, None)
        self.rows["Stray"].append(row)
        if located.place is LayoutPlace.OWN:
            self._problem("own_file", entry, located)
        else:
            self._problem("stray", entry, located)

    def _read(self, entry: Entry, located: LayoutPath, limit_bytes: int) -> bytes | None:
        try:
            return self.storage.read(entry.path, limit_bytes)
        except FileNotFoundError:
            self._problem("vanished", entry, located)
        except OSError as error:
            self._problem("unreadable", entry, located, error.strerror or str(error))
        return None

    def _problem(self, kind: str, entry: Entry, located: LayoutPath, detail: str = "") -> None:
        row = rows.Problem(kind, entry.path, located.repository, located.digest or None, detail or None)
        self.rows["Problem"].append(row)
