"""Is an item still as the plan has it? Asked right before its call, of the registry itself.

A manifest may go if it is there, every planned tag points to it, no other tag does, and no tag outside of the plan
leads to it through an index. Deleting by digest takes every tag with it, so a tag pushed a minute ago must be seen.
Names of tags are listed again for each item and new ones resolved; all tags are resolved again when they have grown old,
for one that existed may have been moved onto the digest. What slips through in between is found after the call, by
comparing what is listed then with what was before: see `steps`.

What stays against the plan keeps its own: the children of an index that was skipped, the referrers of a subject that
was. What cannot be read may lead anywhere, so it keeps everything in its repository.
"""

import re
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from tonnage.apply.outcome import Kind
from tonnage.errors import RegistryError
from tonnage.plan import Action, Item
from tonnage.registry import Head, Listing, ReadOnlyRegistry, RemoteManifest, UnreadableError, is_tag

_FRESH_SECONDS = 10.0
_FRESH_FACTOR = 5.0
"""Tags are fresh for so long, or for this many times what resolving them took, else a huge repository never got on."""

UNPROVEN = (
    "nothing proves that the registry lists every tag (distribution 3.1.0 and 3.1.1 on S3 do not), and the plan knows no "
    "more: make one from a scan of the storage, or pass --trust-tag-lists"
)

_REFERRER_TAG = re.compile(r"(sha256|sha512)-([0-9a-f]{64,128})(\..*)?\Z")
"""Cosign's way, and the specification's way without the referrers endpoint: a tag named after the subject."""


class Ready(NamedTuple):
    """The item is as planned; the manifest as it is now."""

    manifest: RemoteManifest
    only_tags: bool = False
    """Its tags may go and the manifest may not: other tags may lead to it that nobody knows of."""


class Skip(NamedTuple):
    """The item is not as planned."""

    kind: Kind
    reason: str


class Lead(NamedTuple):
    """What leads to a digest."""

    tag: str
    digest: str
    is_dangling: bool = False
    """The tag points to the digest and the registry has it no longer; else an index leads to it."""


class Recheck:
    """One repository as it is now. Used by one thread, in the order of the plan's items."""

    def __init__(
        self,
        registry: ReadOnlyRegistry,
        repository: str,
        *,
        concurrency: int = 4,
        knows_tags: Callable[[], bool] = lambda: True,
        named: frozenset[str] = frozenset(),
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`knows_tags` says whether every tag is known where the registry's list does not prove that it is whole.

        `named` are tags that the plan names and that somebody may have deleted alone.
        """
        self._registry = registry
        self.repository = self._repository = repository
        self._knows_tags = knows_tags
        self._named = named
        self._is_whole = True
        """Whether it is known that no tag hides."""
        self._listed: set[str] = set()
        """Names of the tags right before the call."""
        self._hidden: set[str] = set()
        """Tags that are there and in no list."""
        self._dangling: set[str] = set()
        """Tags that lead nowhere."""
        self.resolved_count = 0
        """How often all tags were resolved."""
        self._concurrency = concurrency
        self._now = now
        self._tags: dict[str, Head] = {}
        self._unreadable: dict[str, str] = {}
        """What cannot be read, with the registry's words: tags and indexes."""
        self._fresh_until: float | None = None
        self._indexes: dict[str, list[str]] = {}
        """Index -> digests it leads to, through other indexes too."""
        self._left: set[str] = set()
        """Digests that stay against the plan."""
        self._held: dict[str, str] = {}
        """Children of an index that stays -> the index."""
        self._blind = ""
        """Why nothing more can be said of this repository; empty as long as it can."""
        self._ignored: set[tuple[str, str]] = set()
        """Tags and their digests that a dry run takes for deleted."""

    def examine(self, item: Item) -> Ready | Skip:
        """Return whether the item is as planned. Raises RegistryError where the registry does not say."""
        try:
            manifest = self._registry.get_manifest(self._repository, item.digest)
        except UnreadableError as error:
            self._left.add(item.digest)
            return Skip(Kind.UNREADABLE, error.message)
        if manifest is None:
            return Skip(Kind.GONE, "the manifest is no longer there")
        try:
            found = self._hindrance(item, manifest)
        except RegistryError:
            self.leave(item, manifest)
            raise
        if found is not None:
            self.leave(item, manifest)
            return found
        only_tags = item.action is Action.DELETE_MANIFEST and not self._is_whole
        if only_tags and not item.tags:
            self.leave(item, manifest)
            return Skip(Kind.UNPROVEN, UNPROVEN)
        return Ready(manifest, only_tags)

    @property
    def tags(self) -> dict[str, str]:
        """The tags and where they lead, as known right before a call."""
        return {tag: head.digest for tag, head in self._tags.items()}

    def lost_tags(self, item: Item, before: Mapping[str, str] | None = None) -> list[str]:
        """Return the tags that a call has taken along though its item does not name them.

        Each was listed `before`, is neither listed nor there now, and what it led to is: so it was not deleted with
        that. Raises RegistryError.
        """
        led = before if before is not None else {tag: self.tags[tag] for tag in self._listed & self._tags.keys()}
        absent = led.keys() - set(self._registry.list_tags(self._repository).names) - set(item.tags) - self._named
        gone = [tag for tag in sorted(absent) if self._head(tag) is None]
        return [tag for tag in gone if led[tag] == item.digest or self._has(led[tag])]

    def is_there(self, item: Item) -> bool:
        """Return whether what a call was to delete is there. Raises RegistryError."""
        if item.action is Action.DELETE_TAG:
            heads = [self._registry.head_manifest(self._repository, tag) for tag in item.tags]
            return any(head is not None and head.digest == item.digest for head in heads)
        return self._has(item.digest)

    def other_tag(self, item: Item) -> str | None:
        """Resolve all tags; return one on the item's digest that it does not name."""
        self.resolve_all()
        return next((t for t, head in self._tags.items() if head.digest == item.digest and t not in item.tags), None)

    def resolve_all(self, and_also: Iterable[str] = ()) -> list[str]:
        """Resolve every tag once more; return what cannot be read and may lead anywhere. Raises RegistryError."""
        began = self._now()
        listed = self._registry.list_tags(self._repository)
        listing = self._registry.look_behind(self._repository, listed)
        self._hidden = set(listing.names) - set(listed.names)
        self._is_whole = listing.is_proven or self._knows_tags()
        self._unreadable.clear()
        self._resolve({*listing.names, *and_also, *self._tags})
        self._note(listing)
        now = self._now()
        self._fresh_until = now + max(_FRESH_SECONDS, _FRESH_FACTOR * (now - began))
        self.resolved_count += 1
        return list(self._unreadable)

    def leads_to(self, digests: Collection[str]) -> list[Lead]:
        """Return what leads, by the tags as they were resolved last, to one of the digests that is not there."""
        found = [
            Lead(tag, digest)
            for tag, head in self._tags.items()
            for digest in self._indexes.get(head.digest, ())
            if digest in digests and not self._has(digest)
        ]
        for tag in sorted(self._dangling):
            digest = self._registry.dangling_digest(self._repository, tag)
            found += [Lead(tag, digest, is_dangling=True)] if digest in digests else []
        return found

    def _has(self, digest: str) -> bool:
        """Return whether a manifest is there, by reading it: caches answer HEAD for what is gone."""
        try:
            return self._registry.get_manifest(self._repository, digest) is not None
        except UnreadableError:
            return True

    def forget(self, item: Item, *, is_rehearsal: bool) -> None:
        """Note that the item is deleted, or in a dry run taken for deleted."""
        gone = [tag for tag in self._tags if self._goes_with(tag, item)]
        for tag in gone:
            head = self._tags.pop(tag)
            if is_rehearsal:
                self._ignored.add((tag, head.digest))

    def leave(self, item: Item, manifest: RemoteManifest) -> None:
        """Note that the item stays against the plan, and with it what is its own."""
        if item.action is Action.DELETE_TAG:
            return
        self._left.add(item.digest)
        try:
            for child in self._reach(manifest):
                self._held.setdefault(child, item.digest)
        except UnreadableError as error:
            self._blind = f"`{item.digest}` stays and may lead to it: {error.message}"

    def _goes_with(self, tag: str, item: Item) -> bool:
        if item.action is Action.DELETE_TAG:
            return tag in item.tags
        return self._tags[tag].digest == item.digest

    def _hindrance(self, item: Item, manifest: RemoteManifest) -> Skip | None:
        """Return the first reason against the item, if there is one."""
        if item.action is Action.DELETE_MANIFEST and (held := self._holder(item, manifest)):
            return Skip(Kind.HELD, f"{held} stays")
        if self._blind:
            return Skip(Kind.UNREADABLE_TAG, self._blind)
        self._refresh(item)
        if self._unreadable:
            what, said = next(iter(self._unreadable.items()))
            return Skip(Kind.UNREADABLE_TAG, f"{what} may lead to it and cannot be read: {said}")
        return self._changed_tag(item) or self._other_tags(item)

    def _holder(self, item: Item, manifest: RemoteManifest) -> str | None:
        """Return what stays and needs the item: an index it is a child of, or the subject it refers to."""
        if item.digest in self._held:
            return f"its index `{self._held[item.digest]}`"
        named = [f"{match[1]}:{match[2]}" for tag in item.tags if (match := _REFERRER_TAG.match(tag))]
        for subject in (manifest.subject, *named):
            if subject in self._left:
                return f"its subject `{subject}`"
        return None

    def _changed_tag(self, item: Item) -> Skip | None:
        for tag in item.tags:
            head = self._tags.get(tag)
            if head is None:
                return Skip(Kind.TAG_GONE, f"tag `{tag}` is no longer there")
            if head.digest != item.digest:
                return Skip(Kind.TAG_MOVED, f"tag `{tag}` points to `{head.digest}` now")
        return None

    def _other_tags(self, item: Item) -> Skip | None:
        others = [tag for tag, head in self._tags.items() if head.digest == item.digest and tag not in item.tags]
        if item.action is Action.DELETE_TAG:
            reason = f"no other tag points to `{item.digest}`"
            return None if others else Skip(Kind.NO_SIBLING, reason)
        if others:
            return Skip(Kind.NEW_TAG, f"tag `{others[0]}` points to it too")
        for tag, head in self._tags.items():
            if item.digest in self._indexes.get(head.digest, ()):
                return Skip(Kind.IN_INDEX, f"the index of tag `{tag}` leads to it")
        return None

    def _refresh(self, item: Item) -> None:
        """Bring up to date what the item depends on: its tags, new tags, tags on its digest; if they are old, all."""
        if self._fresh_until is None or self._now() > self._fresh_until:
            self.resolve_all(item.tags)
        elif not self._unreadable:
            listing = self._registry.list_tags(self._repository)
            on_digest = {tag for tag, head in self._tags.items() if head.digest == item.digest}
            self._resolve({*item.tags, *on_digest, *(set(listing.names) - self._tags.keys())})
            self._note(listing)

    def _note(self, listing: Listing) -> None:
        self._listed = self._hidden.union(listing.names)
        if not listing.is_complete:
            self._unreadable[f"a tag of `{self._repository}`"] = listing.faults[-1]

    def _resolve(self, tags: Iterable[str]) -> None:
        """Ask where tags lead, several at once. One that leads nowhere (a dangling link) protects nothing."""
        names = sorted(tags)
        with ThreadPoolExecutor(self._concurrency) as pool:
            for tag, head in zip(names, pool.map(self._head, names), strict=True):
                self._tags.pop(tag, None)
                self._dangling.discard(tag)
                if head is None and is_tag(tag):
                    self._dangling.add(tag)
                if isinstance(head, UnreadableError):
                    self._unreadable[f"tag `{tag}`"] = head.message
                elif head is not None and (tag, head.digest) not in self._ignored:
                    self._tags[tag] = head
            heads = {head.digest: head for head in self._tags.values() if head.is_maybe_index}
            deque(pool.map(self._resolve_index, [heads[digest] for digest in heads.keys() - self._indexes.keys()]), 0)

    def _head(self, tag: str) -> Head | UnreadableError | None:
        if not is_tag(tag):
            return None  # a stray among the tags: the registry lists it, and no client can ask for it
        try:
            return self._registry.head_manifest(self._repository, tag)
        except UnreadableError as error:
            return error

    def _resolve_index(self, head: Head) -> None:
        """Learn where a tagged index leads. Its content never changes, so once is enough."""
        try:
            manifest = self._registry.get_manifest(self._repository, head.digest)
            self._indexes[head.digest] = self._reach(manifest) if manifest else []
        except UnreadableError as error:
            self._unreadable[f"index `{head.digest}`"] = error.message

    def _reach(self, index: RemoteManifest) -> list[str]:
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
                raise UnreadableError(f"`{self._repository}@{manifest.digest}` is of a kind unknown here")
            found.update(dict.fromkeys(manifest.children))
            for digest in set(manifest.child_indexes) - asked:
                asked.add(digest)
                waiting.append(self._registry.get_manifest(self._repository, digest))
        return list(found)
