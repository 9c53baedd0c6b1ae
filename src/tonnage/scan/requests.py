"""What a scan over HTTP asks a registry: values in, values out, from several threads at once.

What a registry cannot give for one repository, tag or manifest is reported as a fault, and the scan goes on. That it gives
no answer at all, or only "later", ends the scan: figures of half a registry are worse than the old ones.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from tonnage.errors import RegistryError, RegistryUnreachableError, UsageError
from tonnage.registry.client import ReadOnlyRegistry
from tonnage.registry.manifests import RemoteManifest
from tonnage.registry.paging import Listing

Item = TypeVar("Item")
Found = TypeVar("Found")


def each(
    registry: ReadOnlyRegistry, concurrency: int, ask: Callable[[Item], Found], items: Iterable[Item]
) -> Iterator[Found]:
    """Yield what is asked of each item, in their order, with several questions under way."""
    pool = ThreadPoolExecutor(concurrency)
    waiting: deque[Future[Found]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(ask, item))
            if len(waiting) > 4 * concurrency:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BaseException:
        registry.cancel()  # whoever waits for a turn is not to wait for it to come
        raise
    finally:
        pool.shutdown(cancel_futures=True)


class Tags(NamedTuple):
    """The tags of a repository, or why they could not be listed."""

    repository: str
    listing: Listing
    fault: str = ""
    hidden: tuple[str, ...] = ()
    """Those that the registry leaves out of its list; they are in `listing` all the same."""


class TagHead(NamedTuple):
    """What a tag leads to; nothing and no fault if it is not there."""

    repository: str
    tag: str
    digest: str = ""
    size_bytes: int | None = None
    fault: str = ""


class Referrers(NamedTuple):
    """What names a manifest as its subject; no listing and no fault where the registry has no call for that."""

    repository: str
    digest: str
    listing: Listing | None = None
    fault: str = ""


class Wanted(NamedTuple):
    """A manifest, and repositories that have it (`proven`) or may have it."""

    digest: str
    proven: tuple[str, ...]
    others: tuple[str, ...]
    is_known: bool
    """Its content was read by an earlier scan."""


class Probed(NamedTuple):
    """Which repositories have a manifest, and its bytes if they were wanted."""

    digest: str
    repositories: list[str]
    manifest: RemoteManifest | None = None
    fault: str = ""


class Blob(NamedTuple):
    """The content or the stored size of a blob; neither and no fault if no repository has it."""

    digest: str
    content: bytes | None = None
    size_bytes: int | None = None
    fault: str = ""


def list_tags(registry: ReadOnlyRegistry, repository: str, page_size: int) -> Tags:
    """Return the tags of a repository."""
    try:
        return Tags(repository, registry.list_tags(repository, page_size))
    except (RegistryError, UsageError) as error:
        return Tags(repository, Listing([]), _fault(error))


def look_behind(registry: ReadOnlyRegistry, found: Tags) -> Tags:
    """Return the tags of a repository with those that hide behind others."""
    try:
        listing = registry.look_behind(found.repository, found.listing)
    except RegistryError as error:
        return found._replace(fault=found.fault or _fault(error))
    return found._replace(listing=listing, hidden=tuple(listing.names[len(found.listing.names) :]))


def head_tag(registry: ReadOnlyRegistry, repository: str, tag: str) -> TagHead:
    """Return what a tag leads to."""
    try:
        head = registry.head_manifest(repository, tag)
    except (RegistryError, UsageError) as error:
        return TagHead(repository, tag, fault=_fault(error))
    return TagHead(repository, tag, head.digest, head.size_bytes) if head else TagHead(repository, tag)


def list_referrers(registry: ReadOnlyRegistry, subject: tuple[str, str]) -> Referrers:
    """Return what names a manifest, by its repository and digest, as its subject."""
    repository, digest = subject
    try:
        return Referrers(repository, digest, registry.list_referrers(repository, digest))
    except (RegistryError, UsageError) as error:
        return Referrers(repository, digest, fault=_fault(error))


def probe(registry: ReadOnlyRegistry, wanted: Wanted) -> Probed:
    """Return who has a manifest; read it where it is not known. What was read once proves the repository it is from."""
    found, manifest, fault = list(wanted.proven), None, ""
    for repository in (*wanted.proven, *wanted.others):
        try:
            if manifest is None and not wanted.is_known:
                manifest = registry.get_manifest(repository, wanted.digest)
                is_there = manifest is not None
            elif repository in wanted.proven:
                continue
            else:
                is_there = registry.head_manifest(repository, wanted.digest) is not None
        except RegistryError as error:
            fault = _fault(error)
            continue
        if is_there and repository not in found:
            found.append(repository)
        elif not is_there and repository in found:
            found.remove(repository)  # it went after its tag was asked for
    return Probed(wanted.digest, found, manifest, "" if manifest else fault)


def get_blob(registry: ReadOnlyRegistry, digest: str, repositories: Sequence[str]) -> Blob:
    """Return the content of a small blob."""
    return _from_any(digest, repositories, lambda name: Blob(digest, content=registry.get_blob(name, digest)))


def head_blob(registry: ReadOnlyRegistry, digest: str, repositories: Sequence[str]) -> Blob:
    """Return the stored size of a blob."""
    return _from_any(digest, repositories, lambda name: Blob(digest, size_bytes=registry.head_blob(name, digest)))


def _from_any(digest: str, repositories: Sequence[str], ask: Callable[[str], Blob]) -> Blob:
    """Return what the first repository that has the blob answers."""
    fault = ""
    for repository in repositories:
        try:
            found = ask(repository)
        except RegistryError as error:
            fault = _fault(error)
            continue
        if found.content is not None or found.size_bytes is not None:
            return found
    return Blob(digest, fault=fault)


def _fault(error: RegistryError | UsageError) -> str:
    """Return the message of an error that is about one thing; raise one that is about the registry."""
    if isinstance(error, RegistryUnreachableError):
        raise error
    return error.message
