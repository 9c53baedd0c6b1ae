"""A registry over HTTP, asked: a ReadOnlyRegistry has no method that changes anything, its connection sends nothing
but GET and HEAD, and it asks token servers for no right but `pull`. What changes a registry is in `changing`, which
scans cannot import.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Self

from tonnage.errors import AccessError, RegistryError, UsageError
from tonnage.formats.oci import INDEX_TYPES, MANIFEST_TYPES
from tonnage.registry.connection import READING, Connection
from tonnage.registry.habits import Habits
from tonnage.registry.hidden_tags import PAGE_SIZE as PROBE_SIZE
from tonnage.registry.hidden_tags import look_behind
from tonnage.registry.http import Answer, CutOffError, HungUpError
from tonnage.registry.manifests import DIGEST, RemoteManifest, digest_of, has_digest
from tonnage.registry.paging import PAGE_SIZE, Listing, PageError, Query, names_in, walk_twice
from tonnage.registry.referrers import REFERRERS_HEADERS, walk_referrers

ACCEPT = ", ".join(sorted(MANIFEST_TYPES))
"""Every kind: a server converts or hides what is not accepted, and then names another digest."""

_COMPONENT = r"[A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*\Z")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
_READ_ATTEMPTS = 2
_LISTING_ATTEMPTS = 3
"""A page on which the server crashes is asked for in another size."""
_PING_ATTEMPTS = 2
"""A wrong URL is reported at once, not after half a minute of patience."""


_SIZE_LIMIT = 2**50
"""Nothing is as large, whatever a registry says."""
_NO_SUCH_CALL = frozenset({400, 404, 405, 501})
"""What registries without a call for referrers answer to it."""


class Head(NamedTuple):
    """What a reference leads to, without the manifest itself."""

    digest: str
    media_type: str
    size_bytes: int | None = None
    """Bytes of the manifest, where the registry says."""

    @property
    def is_maybe_index(self) -> bool:
        """Whether it refers to other manifests, or is of a kind unknown here, which may."""
        return self.media_type in INDEX_TYPES or self.media_type not in MANIFEST_TYPES


class UnreadableError(RegistryError):
    """The registry has something there and cannot give it: a damaged file, or bytes that belong to another digest."""


class ReadOnlyRegistry:
    """Asks a registry. All methods raise RegistryError for answers that make no sense, and its subclasses.

    They are many as the API is: one for each call of the specification that is used here.
    """

    _methods = READING

    def __init__(self, connection: Connection, habits: Habits | None = None) -> None:
        self._connection = connection.restricted(self._methods)
        self.habits = habits or Habits()

    @classmethod
    def at(cls, url: str, **options: Any) -> Self:
        """Return the registry at a URL. Takes the options of `Connection`: credentials_file, ca_file, limits, tally."""
        return cls(Connection(url, cls._methods, **options))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.wire.close()

    def as_read_only(self) -> "ReadOnlyRegistry":
        """Return the same registry, without what changes it."""
        return ReadOnlyRegistry(self._connection, self.habits)

    @property
    def url(self) -> str:
        """The registry, as `https://host[:port][/prefix]`."""
        return self._connection.url

    @property
    def requests_count(self) -> int:
        """Requests sent so far, repeated ones and those for tokens included."""
        return self._connection.wire.tally.counts.total()

    def cancel(self) -> None:
        """Make calls that wait end with an error: the program is to stop."""
        self._connection.wire.cancel()

    def ping(self) -> None:
        """See that there is a registry and that it lets us in."""
        answer = self._connection.call("GET", "", attempts_count=_PING_ATTEMPTS)
        if answer.status == 400 and b"HTTPS server" in answer.body:
            raise RegistryError(f"`{self.url}` speaks TLS", "write https:// in the URL")
        if answer.status != 200:
            raise RegistryError(f"no registry at `{self.url}`: {answer.describe()}", "it has to answer at /v2/")

    def head_manifest(self, repository: str, reference: str) -> Head | None:
        """Return what a tag or digest leads to; None if it leads nowhere. Raises UnreadableError.

        Some registries, and proxies before them, refuse HEAD for what GET gives: what HEAD does not give is asked for
        by GET, until one HEAD has been answered; and once GET gave what HEAD did not, nothing but GET is used. The first
        HEAD for a tag is held against GET: a digest that is not the tag's would have other images deleted.
        """
        if self.habits.refuses_head:
            return self._head_by_get(repository, reference)
        try:
            answer = self._manifest_call("HEAD", repository, reference, "pull")
        except AccessError:
            if self.habits.answers_head:
                raise
            return self._head_by_get(repository, reference, is_refused=True)
        digest = answer.headers.get("docker-content-digest", "")
        if answer.status == 200 and DIGEST.match(digest):
            head = Head(digest, _media_type(answer), _size_bytes(answer))
            return head if self.habits.answers_head else self._proven(repository, reference, head)
        if answer.status == 200 or not self.habits.answers_head:
            return self._head_by_get(repository, reference, is_refused=answer.status != 200)
        if answer.status != 404:
            self._insist(answer, repository, reference)
        return None

    def _proven(self, repository: str, reference: str, head: Head) -> Head | None:
        """Return what the first answer to a HEAD says, where GET says the same; else what GET says."""
        with self.habits.proving:
            if self.habits.answers_head:  # somebody else's was proven while this one waited
                return head
            found = head if DIGEST.match(reference) else self._head_by_get(repository, reference)
            if found and found.digest == head.digest:
                self.habits.answers_head = True
            elif found:
                self.habits.refuses_head = True
            return found

    def _head_by_get(self, repository: str, reference: str, *, is_refused: bool = False) -> Head | None:
        manifest = self.get_manifest(repository, reference)
        if manifest is None:
            return None
        self.habits.refuses_head |= is_refused
        return Head(manifest.digest, manifest.media_type, len(manifest.content))

    def get_manifest(self, repository: str, reference: str) -> RemoteManifest | None:
        """Return a manifest whose bytes are those of its digest; None if there is none. Raises UnreadableError."""
        answer = self._manifest_call("GET", repository, reference, "pull")
        if answer.status == 404:
            return None
        self._insist(answer, repository, reference)
        claimed = reference if DIGEST.match(reference) else answer.headers.get("docker-content-digest", "")
        digest = claimed if DIGEST.match(claimed) else digest_of(answer.body)
        if not has_digest(answer.body, digest, _media_type(answer)):
            raise UnreadableError(f"the manifest `{repository}@{digest}` has other bytes than its digest says")
        manifest = RemoteManifest(digest, _media_type(answer), answer.body)
        if not DIGEST.match(claimed) and manifest.parsed is None:  # a proxy's page, more likely than a manifest
            raise UnreadableError(f"`{self.url}` answers to `{repository}` `{reference}` with what is not a manifest")
        return manifest

    def dangling_digest(self, repository: str, tag: str) -> str:
        """Return what a tag points to that is no longer there, where the registry's refusal says so; else nothing."""
        answer = self._manifest_call("GET", repository, tag, "pull")
        found = re.search(r"sha(?:256|384|512):[0-9a-f]{64,128}", str(answer.faults)) if answer.status == 404 else None
        return found[0] if found else ""

    def list_tags(self, repository: str, page_size: int = PAGE_SIZE) -> Listing:
        """Return the tags of a repository; of one that is not there, none. See `Listing.faults`."""
        try:
            listing = walk_twice(self._tag_pages(repository), "tags", page_size)
        except PageError as error:
            if error.answer.status == 404:
                return Listing([], is_proven=True)
            raise self._connection.unexpected(error.answer, f"the tags of `{repository}`") from error
        self.habits.has_sound_lists |= listing.is_sound
        is_proven = self.habits.has_sound_lists or not listing.names
        return _without_digests(listing)._replace(is_proven=is_proven)

    def look_behind(self, repository: str, listing: Listing) -> Listing:
        """Return a list with the tags that hide behind those in it: see `hidden_tags`."""
        if listing.is_proven or self.habits.ignores_last:
            return listing
        fetch = self._tag_pages(repository)

        def page_after(name: str) -> list[str] | None:
            try:
                answer = fetch((("last", name), ("n", str(PROBE_SIZE))))
            except HungUpError:
                return None  # it crashes at such a question: then it proves nothing
            return [name for name in names_in(answer.body, "tags") if name] if answer.status == 200 else None

        behind = look_behind(page_after, [name for name in listing.names if is_tag(name)])
        self.habits.ignores_last = not behind.is_proven
        hidden = filter(is_tag, behind.names)  # not the digests that are left out of the list as well
        return listing._replace(names=[*listing.names, *hidden], is_proven=behind.is_proven)

    def list_repositories(self, page_size: int = PAGE_SIZE) -> Listing:
        """Return the catalog. It is known to lose entries: `foo` at the end of a page, after `foo/bar`.

        So where it has several pages it is walked twice, and parents that are in none are tried. What else a server
        hides nobody can know.
        """
        try:
            fetch = self._pages("_catalog", "registry:catalog:*")
            listing = walk_twice(fetch, "repositories", page_size, checks_end=True)
        except PageError as error:
            raise self._connection.unexpected(error.answer, "the catalog") from error
        if listing.pages_count == 1:
            return listing
        lost = sorted(parent for parent in _parents(listing.names) if self._has_repository(parent))
        faults = (*listing.faults, *(f"`{parent}` is in no page" for parent in lost))
        return listing._replace(names=[*listing.names, *lost], faults=faults)

    def list_referrers(self, repository: str, digest: str) -> Listing | None:
        """Return the digests of what names a manifest as its subject; None where the registry has no call for that."""
        if not DIGEST.match(digest):
            raise UsageError(f"`{digest}` is not a digest")
        path = f"{_checked_repository(repository)}/referrers/{digest}"
        try:
            return walk_referrers(self._pages(path, f"repository:{repository}:pull", REFERRERS_HEADERS))
        except PageError as error:
            if error.answer.status in _NO_SUCH_CALL:
                return None
            raise self._connection.unexpected(error.answer, f"the referrers of `{repository}@{digest}`") from error

    def get_blob(self, repository: str, digest: str) -> bytes | None:
        """Return a small blob, such as a config; None if it is gone. Raises UnreadableError."""
        answer = self._connection.call("GET", _blob_path(repository, digest), f"repository:{repository}:pull")
        if answer.status == 404:
            return None
        self._insist(answer, repository, digest)
        if not has_digest(answer.body, digest, ""):
            raise UnreadableError(f"the blob `{repository}@{digest}` has other bytes than its digest says")
        return answer.body

    def head_blob(self, repository: str, digest: str) -> int | None:
        """Return the stored bytes of a blob; None if the repository has none. Raises UnreadableError."""
        answer = self._connection.call("HEAD", _blob_path(repository, digest), f"repository:{repository}:pull")
        if answer.status == 404:
            return None
        self._insist(answer, repository, digest)
        size_bytes = _size_bytes(answer)
        if size_bytes is None:
            raise UnreadableError(f"`{self.url}` does not say how large `{repository}` `{digest}` is")
        return size_bytes

    def can_read_blob(self, repository: str, digest: str) -> bool:
        """Return whether a blob is really there, by reading its first byte.

        HEAD would not do: a registry with a descriptor cache says 200 for blobs that were collected long ago. So it
        does to GET, and then sends nothing.
        """
        path, scope = _blob_path(repository, digest), f"repository:{repository}:pull"
        byte = {"Range": "bytes=0-0"}
        try:
            answer = self._connection.call("GET", path, scope, headers=byte, attempts_count=_READ_ATTEMPTS)
        except CutOffError:
            return False
        return answer.status in (200, 206, 416)

    def _has_repository(self, name: str) -> bool:
        try:
            return bool(self.list_tags(name).names)
        except RegistryError:
            return False

    def _tag_pages(self, repository: str) -> Callable[[Query], Answer]:
        return self._pages(f"{_checked_repository(repository)}/tags/list", f"repository:{repository}:pull")

    def _pages(self, path: str, scope: str, headers: Mapping[str, str] | None = None) -> Callable[[Query], Answer]:
        def fetch(query: Query) -> Answer:
            attempts = _LISTING_ATTEMPTS
            return self._connection.call(
                "GET", path, scope, query=dict(query), headers=headers, attempts_count=attempts
            )

        return fetch

    def _manifest_call(
        self,
        method: str,
        repository: str,
        reference: str,
        actions: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        if not DIGEST.match(reference) and not is_tag(reference):
            raise UsageError(f"`{reference}` is neither a tag nor a digest")
        path = f"{_checked_repository(repository)}/manifests/{reference}"
        scope = f"repository:{repository}:{actions}"
        sent = {"Accept": ACCEPT, **(headers or {})}
        return self._connection.call(method, path, scope, headers=sent, content=content)

    def _insist(self, answer: Answer, repository: str, reference: str) -> None:
        if answer.status != 200:
            raise UnreadableError(f"`{self.url}` cannot read `{repository}` `{reference}`: {answer.describe()}")


def is_tag(name: str) -> bool:
    """Return whether a tag can have the name. What else a registry lists is a stray among its tags."""
    return _TAG.match(name) is not None


def _without_digests(listing: Listing) -> Listing:
    """Return a list of tags without the digests that some registries (Artifactory) list among them."""
    names = [name for name in listing.names if not DIGEST.match(name)]
    left_out_count = len(listing.names) - len(names)
    fault = (f"{left_out_count:,} digests among the tags, left out",) if left_out_count else ()
    return listing._replace(names=names, faults=(*listing.faults, *fault))


def _checked_repository(name: str) -> str:
    if not _REPOSITORY.match(name):
        raise UsageError(f"`{name}` is not a repository name")
    return name


def _parents(names: Sequence[str]) -> set[str]:
    """Return the names above repositories that are none themselves, as far as the list goes."""
    return {name[:end] for name in names for end, sign in enumerate(name) if sign == "/"} - set(names)


def _blob_path(repository: str, digest: str) -> str:
    if not DIGEST.match(digest):
        raise UsageError(f"`{digest}` is not a digest")
    return f"{_checked_repository(repository)}/blobs/{digest}"


def _media_type(answer: Answer) -> str:
    return str(answer.headers.get("content-type", "")).partition(";")[0].strip()


def _size_bytes(answer: Answer) -> int | None:
    length = str(answer.headers.get("content-length", ""))
    size_bytes = int(length) if length.isdecimal() and len(length) < 20 else _SIZE_LIMIT
    return size_bytes if size_bytes < _SIZE_LIMIT else None
