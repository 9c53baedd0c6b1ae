"""Is an item still as the plan has it? Asked right before its call, of the registry itself.

A manifest may go if it is there, every planned tag points to it, no other tag does, and no tag outside of the plan
leads to it through an index. Deleting by digest takes every tag with it, so a tag pushed a minute ago must be seen.
What slips through in between is found after the call, by comparing what is listed then with what was before: see
`steps`.

What stays against the plan keeps its own: the children of an index that was skipped, the referrers of a subject that
was. What cannot be read may lead anywhere, so it keeps everything in its repository.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from tonnage.apply.current_tags import CurrentTags
from tonnage.apply.outcome import Kind
from tonnage.errors import RegistryError
from tonnage.plan import Action, Item
from tonnage.registry import ReadOnlyRegistry, RemoteManifest, UnreadableError

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


class Recheck:
    """Whether items are still as planned, in one repository. Used by one thread, in the order of the plan's items."""

    def __init__(self, registry: ReadOnlyRegistry, tags: CurrentTags, named: frozenset[str] = frozenset()) -> None:
        """`named` are tags that the plan names and that somebody may have deleted alone."""
        self._registry = registry
        self.repository = tags.repository
        self.tags = tags
        self._named = named
        self._left: set[str] = set()
        """Digests that stay against the plan."""
        self._held: dict[str, str] = {}
        """Children of an index that stays -> the index."""
        self._blind = ""
        """Why nothing more can be said of this repository; empty as long as it can."""

    def examine(self, item: Item) -> Ready | Skip:
        """Return whether the item is as planned. Raises RegistryError where the registry does not say."""
        try:
            manifest = self._registry.get_manifest(self.repository, item.digest)
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
        only_tags = item.action is Action.DELETE_MANIFEST and not self.tags.is_whole
        if only_tags and not item.tags:
            self.leave(item, manifest)
            return Skip(Kind.UNPROVEN, UNPROVEN)
        return Ready(manifest, only_tags)

    def led(self) -> dict[str, str]:
        """Return the tags and where they lead, as known right before a call."""
        return {tag: head.digest for tag, head in self.tags.heads.items()}

    def lost_tags(self, item: Item, before: Mapping[str, str] | None = None) -> list[str]:
        """Return the tags that a call has taken along though its item does not name them.

        Each was listed `before`, is neither listed nor there now, and what it led to is: so it was not deleted with
        that. Raises RegistryError.
        """
        led = before if before is not None else {t: to for t, to in self.led().items() if t in self.tags.listed}
        absent = led.keys() - set(self._registry.list_tags(self.repository).names) - set(item.tags) - self._named
        gone = [tag for tag in sorted(absent) if self.tags.head(tag) is None]
        return [tag for tag in gone if led[tag] == item.digest or self.tags.has(led[tag])]

    def is_there(self, item: Item) -> bool:
        """Return whether what a call was to delete is there. Raises RegistryError."""
        if item.action is Action.DELETE_TAG:
            heads = [self._registry.head_manifest(self.repository, tag) for tag in item.tags]
            return any(head is not None and head.digest == item.digest for head in heads)
        return self.tags.has(item.digest)

    def other_tag(self, item: Item) -> str | None:
        """Resolve all tags; return one on the item's digest that it does not name."""
        self.tags.resolve_all()
        return next(iter(self._others(item)), None)

    def forget(self, item: Item, *, is_rehearsal: bool) -> None:
        """Note that the item is deleted, or in a dry run taken for deleted."""
        is_tag_alone = item.action is Action.DELETE_TAG
        gone = [t for t in item.tags if t in self.tags.heads] if is_tag_alone else self.tags.on(item.digest)
        for tag in gone:
            head = self.tags.heads.pop(tag)
            if is_rehearsal:
                self.tags.ignored.add((tag, head.digest))

    def leave(self, item: Item, manifest: RemoteManifest) -> None:
        """Note that the item stays against the plan, and with it what is its own."""
        if item.action is Action.DELETE_TAG:
            return
        self._left.add(item.digest)
        try:
            for child in self.tags.reach(manifest):
                self._held.setdefault(child, item.digest)
        except UnreadableError as error:
            self._blind = f"`{item.digest}` stays and may lead to it: {error.message}"

    def _others(self, item: Item) -> list[str]:
        """Return the tags on the item's digest that it does not name."""
        return [tag for tag in self.tags.on(item.digest) if tag not in item.tags]

    def _hindrance(self, item: Item, manifest: RemoteManifest) -> Skip | None:
        """Return the first reason against the item, if there is one."""
        if item.action is Action.DELETE_MANIFEST and (held := self._holder(item, manifest)):
            return Skip(Kind.HELD, f"{held} stays")
        if self._blind:
            return Skip(Kind.UNREADABLE_TAG, self._blind)
        self.tags.refresh(item.tags, item.digest)
        if self.tags.unreadable:
            what, said = next(iter(self.tags.unreadable.items()))
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
            head = self.tags.heads.get(tag)
            if head is None:
                return Skip(Kind.TAG_GONE, f"tag `{tag}` is no longer there")
            if head.digest != item.digest:
                return Skip(Kind.TAG_MOVED, f"tag `{tag}` points to `{head.digest}` now")
        return None

    def _other_tags(self, item: Item) -> Skip | None:
        others = self._others(item)
        if item.action is Action.DELETE_TAG:
            return None if others else Skip(Kind.NO_SIBLING, f"no other tag points to `{item.digest}`")
        if others:
            return Skip(Kind.NEW_TAG, f"tag `{others[0]}` points to it too")
        if tag := self.tags.through_index(item.digest):
            return Skip(Kind.IN_INDEX, f"the index of tag `{tag}` leads to it")
        return None
