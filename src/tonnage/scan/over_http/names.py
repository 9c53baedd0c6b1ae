"""Which repositories and tags a registry has, and what each tag leads to.

Listings are known to lose names (docs/explanation/over-http.md): names that the earlier scan had and the listing lacks
are asked for by name.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import partial

from tonnage.errors import AccessError, RegistryError
from tonnage.inventory import rows
from tonnage.registry.http import TooSlowError
from tonnage.registry.paging import EndlessError
from tonnage.scan.over_http.work import Work
from tonnage.scan.requests import TagHead, Tags, head_tag, list_tags, look_behind

_NAMES_HINT = "--repositories FILE, a name a line"
_NO_TAGS_HINT = "log in as a user who may pull from them, and see whether the URL is a registry's"


class Names:
    """Finds the names, and notes what is odd about them."""

    def __init__(self, work: Work, *, has_earlier: bool) -> None:
        """Start with nothing found; an earlier scan's names are known where there was one of the same place."""
        self.work = work
        self.has_earlier = has_earlier
        self.heads: list[TagHead] = []
        """What each tag leads to."""

    def read(self) -> list[TagHead]:
        """Return what each tag leads to. Raises RegistryError where no repository can be listed."""
        repositories = self._repositories()
        earlier = self._earlier_names()
        lost = [] if self.work.source.repositories is not None else sorted(earlier.keys() - set(repositories))
        heads: list[tuple[str, str]] = []
        hidden: set[tuple[str, str]] = set()
        unlisted: list[str] = []
        ask = partial(list_tags, self.work.registry, page_size=self.work.source.page_size)
        for found in self._with_hidden(list(self.work.each("listing tags", ask, [*repositories, *lost]))):
            is_lost = found.repository in lost
            if is_lost and not found.listing.names:
                continue
            if is_lost:
                self.work.problem(
                    "lost_name", f"/v2/{found.repository}/tags/list", found.repository, "not in the catalog"
                )
            self._note_listing(found)
            unlisted += [found.fault] if found.fault else []
            heads += [(found.repository, tag) for tag in found.listing.names]
            missing = earlier.get(found.repository, set()) - set(found.listing.names)
            hidden |= {(found.repository, tag) for tag in missing}
        if unlisted and len(unlisted) >= len(repositories):  # nothing is known, which is not the same as nothing there
            raise RegistryError(f"the tags of no repository can be listed: {unlisted[0]}", _NO_TAGS_HINT)
        for head in self.work.each(
            "asking for tags", lambda pair: head_tag(self.work.registry, *pair), [*heads, *sorted(hidden)]
        ):
            self._note_tag(head, is_hidden=(head.repository, head.tag) in hidden)
        return self.heads

    def _repositories(self) -> list[str]:
        """Return the repositories named by the user, else those of the catalog."""
        if self.work.source.repositories is not None:
            return sorted(set(self.work.source.repositories))
        try:
            listing = self.work.registry.list_repositories(self.work.source.page_size)
        except AccessError as error:
            raise AccessError(error.message, f"name the repositories: {_NAMES_HINT}") from error
        except TooSlowError as error:
            within = f"the catalog does not come within {self.work.source.timeout_seconds:g} s"
            hint = f"--timeout SECONDS gives it longer; or name the repositories: {_NAMES_HINT}"
            raise TooSlowError(f"{error.message}: {within}", hint) from error
        except EndlessError as error:
            raise EndlessError(f"the catalog: {error.message}", f"name the repositories: {_NAMES_HINT}") from error
        self.work.faults(listing.faults, listing.is_complete, "/v2/_catalog", None)
        return listing.names

    def _with_hidden(self, lists: list[Tags]) -> Iterator[Tags]:
        """Yield the lists with the tags that hide behind others, looked for where no list proves that none do.

        The first is asked about alone: it shows whether the registry understands the question.
        """
        ask = partial(look_behind, self.work.registry)
        yield from map(ask, lists[:1])
        if self.work.registry.habits.has_sound_lists or self.work.registry.habits.ignores_last:
            yield from lists[1:]
        else:
            yield from self.work.each("looking for hidden tags", ask, lists[1:])

    def _earlier_names(self) -> dict[str, set[str]]:
        names: dict[str, set[str]] = defaultdict(set)
        if self.has_earlier:
            for repository, tag in self.work.execute("over_http_names").fetchall():
                names[repository].update([tag] if tag is not None else [])
        return names

    def _note_listing(self, found: Tags) -> None:
        """Take in the tags of a repository."""
        path, repository = f"/v2/{found.repository}/tags/list", found.repository
        self.work.add("Folder", rows.Folder(repository, "_manifests"))
        if found.fault:
            self.work.problem("unlisted_tags", path, repository, found.fault)
        elif self.work.source.repositories is not None and not found.listing.names:
            self.work.problem("unlisted_tags", path, repository, "no tags: is there a repository of that name?")
        for tag in found.hidden:
            self.work.problem("lost_name", f"/v2/{repository}/manifests/{tag}", repository, "not in the list of tags")
        self.work.faults(found.listing.faults, found.listing.is_complete, path, repository)

    def _note_tag(self, head: TagHead, *, is_hidden: bool) -> None:
        """Take in what a tag leads to. One that the earlier scan had and the list lacks was most likely deleted."""
        path = f"/v2/{head.repository}/manifests/{head.tag}"
        if head.digest and is_hidden:
            self.work.problem("lost_name", path, head.repository, "not in the list of tags")
        if head.fault and not is_hidden:
            self.work.problem("unpullable_tag", path, head.repository, head.fault)
        elif not head.digest and not is_hidden:
            if head.tag not in list_tags(self.work.registry, head.repository, self.work.source.page_size).listing.names:
                self.work.problem("vanished", path, head.repository, "deleted while it was read")
                return
            self.work.problem("unpullable_tag", path, head.repository, "it leads to no manifest")
        if head.digest or not is_hidden:
            self.heads.append(head)
