"""Names, sizes and links -> rows. What is odd becomes a problem row, and the rest is still counted."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple, cast

from tonnage.formats.layout import (
    Located,
    Place,
    inside_repository,
    is_full_digest,
    is_read_for_links,
    is_tag_name,
    link_size,
    locate,
)
from tonnage.formats.names import collectors_that_refuse
from tonnage.inventory import rows
from tonnage.scan.columns import Columns, Rows, columns_of, extend
from tonnage.scan.fingerprints import Earlier, fingerprint_of, measure, trusted_before
from tonnage.scan.layouts import LayoutSorter
from tonnage.scan.leaf_columns import access_columns, healthy_columns, place_of
from tonnage.scan.links import LinkReader, Problems
from tonnage.storage import OPEN_NONE, Entry, Format, Layouts, Leaves, Storage, Type

_BATCH_FILES = 10_000

_TYPE_PROBLEMS = {
    Type.SPECIAL: "special_file",
    Type.BROKEN_SYMLINK: "broken_symlink",
    Type.SYMLINK_LOOP: "symlink_loop",
    Type.SYMLINK: "symlink",
    Type.OUTSIDE: "symlink_out",
    Type.UNREADABLE: "unreadable",
    Type.VANISHED: "vanished",
    Type.ODD_KEY: "odd_key",
    Type.VERSIONED: "versioned_bucket",
    Type.CACHE: "pull_through_cache",
    Type.NOT_TOLD: "not_told",
}


_NO_PLACE = {Type.ODD_KEY, Type.MULTIPART, Type.OLD_VERSION, Type.VERSIONED, Type.CACHE, Type.NOT_TOLD}
"""What is in a bucket, or beside the registry, and not in it: a repository is not there because of it."""
_NOWHERE = Located(Place.STRAY)


class Listed(NamedTuple):
    """A part, listed: its rows in batches, or None where nothing changed since the earlier scan."""

    batches: Iterator[Columns] | None
    fingerprint: bytes
    files_count: int


def list_part(storage: Storage, prefix: str, unopened_before_us: int, earlier: Earlier | None) -> Listed:
    """Return the rows of one part; none if names, sizes and times are those of the earlier scan."""
    entries = list(storage.list(prefix, unopened_before_us))
    fingerprint = fingerprint_of(entries)
    files_count, newest_us = measure(entries)
    if earlier and fingerprint == earlier.fingerprint and newest_us < trusted_before(earlier.started_us):
        return Listed(None, fingerprint, files_count)
    return Listed(_batches(storage, entries, unopened_before_us < OPEN_NONE), fingerprint, files_count)


def _batches(storage: Storage, entries: list[Entry | Leaves], reads_layer_links: bool) -> Iterator[Columns]:
    """Yield the rows a batch at a time, letting go of what was turned into rows: a repository may be very large."""
    while entries:
        batch: list[Entry | Leaves] = []
        size = 0
        while entries and size < _BATCH_FILES:
            batch.append(entries.pop())
            size += len(batch[-1].names) if isinstance(batch[-1], Leaves) else 1
        yield rows_of(storage, batch, reads_layer_links)


def rows_of(storage: Storage, entries: Iterable[Entry | Leaves], reads_layer_links: bool = False) -> Columns:
    """Return the rows of listed entries, as columns. Tags and revision links are read, other links where their size is odd.

    In a large registry a layer link of the right size is taken at its word: to read each would double the scan.
    """
    if storage.format is Format.LAYOUTS:
        found = (entry for entry in entries if isinstance(entry, Entry))
        return columns_of(
            LayoutSorter(storage, cast(Layouts, storage).repository, _TYPE_PROBLEMS.__getitem__).sort(found)
        )
    return _Sorter(storage, reads_layer_links).sort(entries)


class _Sorter:
    """Sorts entries into rows, with a method for each place where a file can lie."""

    def __init__(self, storage: Storage, reads_layer_links: bool) -> None:
        self.storage = storage
        self.reads_layer_links = reads_layer_links
        self.rows: Rows = defaultdict(list)
        self.problems = Problems(self.rows)
        self.links = LinkReader(storage, self.problems)
        self.columns: Columns = {}
        self.folders: set[str] = set()
        self.names: set[str] = set()

    def sort(self, entries: Iterable[Entry | Leaves]) -> Columns:
        for entry in entries:
            if isinstance(entry, Leaves):
                self._leaves(entry)
                continue
            located = locate(entry.path) if entry.type not in _NO_PLACE else _NOWHERE
            if located.repository:
                self._note_repository(entry.path, located.repository)
            if entry.type is Type.FILE or entry.type is Type.ALIAS:
                size_bytes = entry.size_bytes if entry.type is Type.FILE else 0
                _ADD[located.place](self, entry, located, size_bytes)
                if entry.detail:
                    self.problems.add("symlink", entry, located, entry.detail)
            else:
                self._no_file(entry, located)
        for name, columns in columns_of(self.rows).items():
            extend(self.columns, name, columns)
        return self.columns

    def _leaves(self, leaves: Leaves) -> None:
        """Add many files of one folder: what they are is worked out once where they are healthy."""
        first = place_of(leaves)
        if first.repository:
            self._note_repository(f"{leaves.folder}/", first.repository)
        name, columns, others = healthy_columns(self.storage, first, leaves, self.reads_layer_links)
        if name:
            extend(self.columns, name, columns)
        if name == "Blob" and (accesses := access_columns(leaves, columns[0])):
            extend(self.columns, "Access", accesses)
        folder, file, *odd = others[:5]
        for name, size_bytes, modified_us in zip(*odd, strict=True):
            path = f"{folder}/{name}/{file}"
            located = locate(path)
            _ADD[located.place](self, Entry(path, size_bytes, modified_us), located, size_bytes)

    def _note_repository(self, path: str, repository: str) -> None:
        start = len(repository) + 14
        end = path.find("/", start)
        if path.startswith("_manifests/", start):
            end = path.find("/", end + 1)
        folder = path if end < 0 else path[:end]
        if folder in self.folders:
            return
        self.folders.add(folder)
        self.rows["Folder"].append(rows.Folder(repository, folder[start:]))
        if folder.startswith("_manifests/", start):
            self.rows["Folder"].append(rows.Folder(repository, "_manifests"))
        if repository not in self.names:
            self.names.add(repository)
            if refusing := collectors_that_refuse(repository):
                detail = f"for {refusing[0]}.x only" if len(refusing) == 1 else ""
                self.problems.add_at("bad_repository_name", f"repositories/{repository}", repository, detail=detail)

    def _blob(self, entry: Entry, located: Located, size_bytes: int) -> None:
        self.rows["Blob"].append(rows.Blob(located.digest, entry.size_bytes, entry.modified_us))
        if not is_full_digest(located.digest):
            self.problems.add("short_digest", entry, located)

    def _revision(self, entry: Entry, located: Located, size_bytes: int) -> None:
        content = self.links.read_link(entry, located, "revision")
        row = rows.Revision(located.repository, located.digest, content, size_bytes, entry.modified_us)
        self.rows["Revision"].append(row)

    def _layer_link(self, entry: Entry, located: Located, size_bytes: int) -> None:
        digest = located.digest
        content: str | None = digest
        if self.reads_layer_links or entry.size_bytes != link_size(digest) or not digest.startswith("sha256:"):
            content = self.links.read_link(entry, located, "layer")
        row = rows.LayerLink(located.repository, digest, content, size_bytes, entry.modified_us)
        self.rows["LayerLink"].append(row)

    def _tag(self, entry: Entry, located: Located, size_bytes: int) -> None:
        digest = self.links.read_link(entry, located, "tag")
        self._check_tag_name(located)
        row = rows.Tag(located.repository, located.name, digest, size_bytes, entry.modified_us)
        self.rows["Tag"].append(row)

    def _tag_history(self, entry: Entry, located: Located, size_bytes: int) -> None:
        row = rows.TagHistory(located.repository, located.name, located.digest, size_bytes, entry.modified_us)
        self.rows["TagHistory"].append(row)
        if entry.size_bytes != link_size(located.digest):
            self.problems.add("odd_history_link", entry, located, f"{entry.size_bytes} bytes")

    def _extra_link(self, entry: Entry, located: Located, size_bytes: int) -> None:
        kind = located.place.value
        content = self.links.glance(entry) if located.place is Place.SIGNATURE else None
        row = rows.ExtraLink(kind, located.repository, located.digest, entry.path, size_bytes, content)
        self.rows["ExtraLink"].append(row)

    def _upload(self, entry: Entry, located: Located, size_bytes: int) -> None:
        started = self.links.read(entry, located, 64) if located.part == "startedat" else None
        text = None if started is None else started.decode("ascii", "replace")
        row = rows.UploadFile(
            located.repository, located.name, located.part, text, size_bytes, entry.modified_us
        )  # fmt: skip
        self.rows["UploadFile"].append(row)

    def _stray(self, entry: Entry, located: Located, size_bytes: int) -> None:
        content = self.links.glance(entry) if is_read_for_links(entry.path) else None
        row = rows.Stray(
            entry.path, located.repository or None, located.name or None, size_bytes, entry.modified_us, content
        )  # fmt: skip
        self.rows["Stray"].append(row)
        kind = _stray_kind(entry.path)
        self.problems.add(kind, entry, located)
        if located.name and kind != "stray_in_tags":
            self._check_tag_name(located)

    def _no_file(self, entry: Entry, located: Located) -> None:
        if entry.type is Type.EMPTY_FOLDER:
            tag = located.name if located.place in (Place.STRAY, Place.TAG) else ""
            self.rows["EmptyFolder"].append(rows.EmptyFolder(entry.path, located.repository or None, tag or None))
            if located.place not in (Place.STRAY,):
                self.problems.add("folder_as_file", entry, located)
            elif located.name:
                self._check_tag_name(located)
        elif entry.type is Type.MULTIPART:
            upload = rows.MultipartUpload(entry.path, entry.detail, entry.size_bytes, entry.modified_us)
            self.rows["MultipartUpload"].append(upload)
        elif entry.type is Type.OLD_VERSION:
            self.rows["OldVersion"].append(rows.OldVersion(entry.path, entry.size_bytes, entry.modified_us))
        else:
            self.problems.add(_TYPE_PROBLEMS[entry.type], entry, located, entry.detail)
            if entry.type is Type.ODD_KEY:
                row = rows.Stray(entry.path, None, None, entry.size_bytes, entry.modified_us, None)
                self.rows["Stray"].append(row)

    def _check_tag_name(self, located: Located) -> None:
        """Add a problem for a folder among the tags with a name no tag can have, whatever is in it."""
        if not is_tag_name(located.name):
            folder = f"repositories/{located.repository}/_manifests/tags/{located.name}"
            self.problems.add_at("bad_tag_name", folder, located.repository)


_ADD = {
    Place.BLOB: _Sorter._blob,
    Place.REVISION: _Sorter._revision,
    Place.TAG: _Sorter._tag,
    Place.TAG_HISTORY: _Sorter._tag_history,
    Place.LAYER_LINK: _Sorter._layer_link,
    Place.SIGNATURE: _Sorter._extra_link,
    Place.REFERRER: _Sorter._extra_link,
    Place.UPLOAD: _Sorter._upload,
    Place.STRAY: _Sorter._stray,
}
"""What becomes of a file. Not kept by each sorter, which would then keep itself alive: nobody looks for such circles."""


def _stray_kind(path: str) -> str:
    """Return the problem kind of a stray: some of them end the registry's own collection."""
    parts = path.split("/")
    if any(locate("/".join(parts[:count])).place is not Place.STRAY for count in range(4, len(parts))):
        return "folder_as_file"
    if parts[0] == "blobs" and parts[-1] == "data":
        return "stray_blob_path"
    inside = inside_repository(path)
    if inside.startswith("_manifests/tags/") and inside.count("/") == 2:
        return "stray_in_tags"
    if is_read_for_links(path) and inside.startswith("_manifests/revisions/"):
        return "stray_revision_link"
    return "stray"
