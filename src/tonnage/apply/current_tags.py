"""Where the tags of one repository lead, asked of the registry itself.

Names of tags are listed again whenever something depends on them and new ones resolved; all tags are resolved again
when they have grown old, for one that existed may have been moved.
"""

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from tonnage.registry import Head, Listing, ReadOnlyRegistry, RemoteManifest, UnreadableError, is_tag

_FRESH_SECONDS = 10.0
_FRESH_FACTOR = 5.0
"""Tags are fresh for so long, or for this many times what resolving them took, else a huge repository never got on."""


class Lead(NamedTuple):
    """What leads to a digest."""

    tag: str
    digest: str
    is_dangling: bool = False
    """The tag points to the digest and the registry has it no longer; else an index leads to it."""


class CurrentTags:
    """The tags of one repository, as they were resolved last. Used by one thread."""

    def __init__(
        self,
        registry: ReadOnlyRegistry,
        repository: str,
        *,
        concurrency: int = 4,
        knows_tags: Callable[[], bool] = lambda: True,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`knows_tags` says whether every tag is known where the registry's list does not prove that it is whole."""
        self._registry = registry
        self.repository = repository
        self._concurrency = concurrency
        self._knows_tags = knows_tags
        self._now = now
        self.heads: dict[str, Head] = {}
        """What each tag leads to."""
        self.unreadable: dict[str, str] = {}
        """What cannot be read, with the registry's words: tags and indexes."""
        self.listed: set[str] = set()
        """Names of the tags as they were listed last, and of those in no list."""
        self.is_whole = True
        """Whether it is known that no tag hides."""
        self.resolved_count = 0
        """How often all tags were resolved."""
        self.ignored: set[tuple[str, str]] = set()
        """Tags and their digests that a dry run takes for deleted."""
        self._hidden: set[str] = set()
        """Tags that are there and in no list."""
        self._dangling: set[str] = set()
        """Tags that lead nowhere."""
        self._fresh_until: float | None = None
        self._indexes: dict[str, list[str]] = {}
        """Index -> digests it leads to, through other indexes too."""

    def resolve_all(self, and_also: Iterable[str] = ()) -> list[str]:
        """Resolve every tag once more; return what cannot be read and may lead anywhere. Raises RegistryError."""
        began = self._now()
        listed = self._registry.list_tags(self.repository)
        listing = self._registry.look_behind(self.repository, listed)
        self._hidden = set(listing.names) - set(listed.names)
        self.is_whole = listing.is_proven or self._knows_tags()
        self.unreadable.clear()
        self._resolve({*listing.names, *and_also, *self.heads})
        self._note(listing)
        now = self._now()
        self._fresh_until = now + max(_FRESH_SECONDS, _FRESH_FACTOR * (now - began))
        self.resolved_count += 1
        return list(self.unreadable)

    def refresh(self, tags: Collection[str], digest: str) -> None:
        """Bring up to date what depends on them: these tags, new ones, those on the digest; all if they are old."""
        if self._fresh_until is None or self._now() > self._fresh_until:
            self.resolve_all(tags)
        elif not self.unreadable:
            listing = self._registry.list_tags(self.repository)
            self._resolve({*tags, *self.on(digest), *(set(listing.names) - self.heads.keys())})
            self._note(listing)

    def on(self, digest: str) -> list[str]:
        """Return the tags that point to a digest."""
        return [tag for tag, head in self.heads.items() if head.digest == digest]

    def through_index(self, digest: str) -> str | None:
        """Return a tag whose index leads to a digest, if there is one."""
        return next((tag for tag, head in self.heads.items() if digest in self._indexes.get(head.digest, ())), None)

    def leads_to(self, digests: Collection[str]) -> list[Lead]:
        """Return what leads to one of the digests that is not there."""
        found = [
            Lead(tag, digest)
            for tag, head in self.heads.items()
            for digest in self._indexes.get(head.digest, ())
            if digest in digests and not self.has(digest)
        ]
        for tag in sorted(self._dangling):
            digest = self._registry.dangling_digest(self.repository, tag)
            found += [Lead(tag, digest, is_dangling=True)] if digest in digests else []
        return found

    def has(self, digest: str) -> bool:
        """Return whether a manifest is there, by reading it: caches answer HEAD for what is gone."""
        try:
            return self._registry.get_manifest(self.repository, digest) is not None
        except UnreadableError:
            return True

    def head(self, tag: str) -> Head | UnreadableError | None:
        """Return what a tag leads to now, or why that cannot be read; None if it leads nowhere."""
        if not is_tag(tag):
            return None  # a stray among the tags: the registry lists it, and no client can ask for it
        try:
            return self._registry.head_manifest(self.repository, tag)
        except UnreadableError as error:
            return error

    def reach(self, index: RemoteManifest) -> list[str]:
        """Return the digests a manifest leads to, through indexes in it too. Children that are absent lead nowhere.

        Raises UnreadableError where that cannot be known.
        """
        found: dict[str, None] = {}
        waiting: list[RemoteManifest | None] = [index]
        asked: set[str] = set()
        while waiting:
            manifest = waiting.pop()
            if manifest is None:
                continue
            if manifest.parsed is None:
                raise UnreadableError(f"`{self.repository}@{manifest.digest}` is of a kind unknown here")
            found.update(dict.fromkeys(manifest.children))
            for digest in set(manifest.child_indexes) - asked:
                asked.add(digest)
                waiting.append(self._registry.get_manifest(self.repository, digest))
        return list(found)

    def _note(self, listing: Listing) -> None:
        self.listed = self._hidden.union(listing.names)
        if not listing.is_complete:
            self.unreadable[f"a tag of `{self.repository}`"] = listing.faults[-1]

    def _resolve(self, tags: Iterable[str]) -> None:
        """Ask where tags lead, several at once. One that leads nowhere (a dangling link) protects nothing."""
        names = sorted(tags)
        with ThreadPoolExecutor(self._concurrency) as pool:
            for tag, head in zip(names, pool.map(self.head, names), strict=True):
                self.heads.pop(tag, None)
                self._dangling.discard(tag)
                if head is None and is_tag(tag):
                    self._dangling.add(tag)
                if isinstance(head, UnreadableError):
                    self.unreadable[f"tag `{tag}`"] = head.message
                elif head is not None and (tag, head.digest) not in self.ignored:
                    self.heads[tag] = head
            indexes = {head.digest: head for head in self.heads.values() if head.is_maybe_index}
            unknown = [indexes[digest] for digest in indexes.keys() - self._indexes.keys()]
            deque(pool.map(self._resolve_index, unknown), 0)

    def _resolve_index(self, head: Head) -> None:
        """Learn where a tagged index leads. Its content never changes, so once is enough."""
        try:
            manifest = self._registry.get_manifest(self.repository, head.digest)
            self._indexes[head.digest] = self.reach(manifest) if manifest else []
        except UnreadableError as error:
            self.unreadable[f"index `{head.digest}`"] = error.message
