"""Listings in pages, from servers known to lose pages, repeat names, or end too early (distribution 2.8, 3.0, 3.1).

Known faults: a full page without a `Link` although more follows; a `Link` to names already seen; a page that crashes
the request; `n` and `last` ignored. So a walk goes on after a full page even without a `Link`, never asks the same
twice, ends where nothing new comes, and says what was odd. Names that are *skipped* at the border of two pages cannot
be seen in one walk; a second one with other borders finds them (`walk_twice`).
"""

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

import msgspec

from tonnage.errors import RegistryError, RegistryUnreachableError
from tonnage.registry.hidden_tags import has_tag_and_longer
from tonnage.registry.http import Answer, HungUpError

PAGE_SIZE = 1000
"""What distribution allows unless configured otherwise."""

_PAGES_LIMIT = 10_000
_NAMES_LIMIT = 1_000_000
"""No registry has as many repositories, no repository as many tags: such a list has no end."""
_BARREN_LIMIT = 3
"""Pages in a row without a new name that are put up with: repeated names are a known fault, a circle is another."""

_LINK = re.compile(r'<([^>]*)>\s*;[^<]*?\brel\s*=\s*"?next\b', re.IGNORECASE)
_BARE_LINK = re.compile(r"\s*<([^>]*)>\s*\Z")
"""A link that does not say to what: some servers leave out `rel`, and have no other link."""

Query = tuple[tuple[str, str], ...]


class Listing(NamedTuple):
    """The names of a listing, in the server's order, each once."""

    names: list[str]
    pages_count: int = 1
    faults: tuple[str, ...] = ()
    """What was odd on the way."""
    is_complete: bool = True
    """Whether the walk came to an end; if not, names are missing."""
    is_sound: bool = False
    """Whether a page shows that the server does not have the fault of `hidden_tags`."""
    is_proven: bool = False
    """Whether it is known that no tag hides behind another: from a page, or because it was looked for."""


class EndlessError(RegistryError):
    """A listing goes on and on."""


class PageError(Exception):
    """The first page could not be had; `answer` is what came instead."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.describe())
        self.answer = answer


def walk(
    fetch: Callable[[Query], Answer], key: str, page_size: int = PAGE_SIZE, *, checks_end: bool = False
) -> Listing:
    """Return the names below `key` of all pages. Raises PageError if the first page cannot be had.

    With `checks_end` one more page is asked for after the last, however small that was.
    """
    answer = _fetch_page(fetch, (("n", str(page_size)),))
    is_limited = answer.status == 400
    if is_limited:
        answer = fetch(())  # PAGINATION_NUMBER_INVALID: the server allows less, and then uses its own limit
    if answer.status != 200:
        raise PageError(answer)
    pages = _Pages(None if is_limited else page_size, checks_end)
    pages.add(names_in(answer.body, key))
    while (query := pages.next_query(answer)) is not None:
        try:
            answer = _fetch_page(fetch, query)
        except RegistryUnreachableError as error:
            pages.break_off(f"page {pages.count + 1} failed: {error.message}")
            break
        if answer.status != 200:
            pages.break_off(f"page {pages.count + 1} failed: {answer.describe()}")
            break
        pages.add(names_in(answer.body, key))
    return pages.listing()


def _fetch_page(fetch: Callable[[Query], Answer], query: Query) -> Answer:
    """Return a page; of another size where the server crashes on this one (3.x: where it ends before a parent)."""
    fields = dict(query)
    size = int(n) if (n := fields.get("n", "")).isdecimal() else 0
    for other in (size + 1, size // 2):
        try:
            answer = fetch(query)
        except HungUpError:
            if not size:
                raise
        else:
            if answer.status != 500 or not size:
                return answer
        query = tuple(sorted({**fields, "n": str(max(other, 1))}.items()))
    return fetch(query)


def walk_twice(
    fetch: Callable[[Query], Answer], key: str, page_size: int = PAGE_SIZE, *, checks_end: bool = False
) -> Listing:
    """Return the names of two walks with different borders between pages; of one walk where a page held them all.

    A name that only one walk has is reported as a fault, and in the result.
    """
    first = walk(fetch, key, page_size, checks_end=checks_end)
    if first.pages_count == 1 and not first.faults:
        return first
    try:
        second = walk(fetch, key, page_size - page_size // 4 if page_size > 3 else page_size + 1)
    except PageError as error:
        return first._replace(faults=(*first.faults, f"a second walk failed: {error.answer.describe()}"))
    lost = set(first.names) ^ set(second.names)
    faults = [*first.faults, *second.faults, *(f"only one of two walks has `{name}`" for name in sorted(lost))]
    names = list(dict.fromkeys([*first.names, *second.names]))
    is_complete = first.is_complete or second.is_complete
    is_sound = first.is_sound or second.is_sound
    return Listing(names, first.pages_count + second.pages_count, tuple(dict.fromkeys(faults)), is_complete, is_sound)


class _Pages:
    """What a walk has seen so far, and where it goes on."""

    def __init__(self, page_size: int | None, checks_end: bool) -> None:
        self.names: dict[str, None] = {}
        self.count = 0
        self.faults: list[str] = []
        self.is_complete = True
        self.is_sound = False
        self._page_size = page_size
        """None where the server has its own."""
        self._checks_end = checks_end or page_size is None
        self._page: list[str] = []
        self._asked: set[Query] = set()
        self._barren_count = 0
        self._is_guess = False
        """Whether the page under way was asked for without a link to it."""

    def add(self, page: list[str]) -> None:
        """Take in a page. Raises EndlessError."""
        known_count = len(self.names)
        self.names.update(dict.fromkeys(name for name in page if name))  # 2.8.2 on S3 has empty names
        self.count += 1
        self.is_sound = self.is_sound or has_tag_and_longer(page)
        if len(self.names) > _NAMES_LIMIT or self.count > _PAGES_LIMIT:
            raise EndlessError(
                f"a listing has no end: {len(self.names):,} names on {self.count:,} pages, and more to come"
            )
        self._page = page
        is_barren = len(self.names) == known_count
        self._barren_count = self._barren_count + 1 if is_barren else 0
        if self._is_guess and not is_barren:
            self.faults.append(f"page {self.count - 1} had no link to the next")
        elif self._is_guess:
            self.count -= 1  # that there is none was to be seen

    def break_off(self, fault: str) -> None:
        """Note that the walk ends before the end."""
        self.faults.append(fault)
        self.is_complete = False

    def next_query(self, answer: Answer) -> Query | None:
        """Return the query of the next page; None at the end, and where the walk would go round in circles."""
        query = linked_query(answer)
        is_vain = self._is_guess and self._barren_count > 0
        self._is_guess = query is None
        may_go_on = self._checks_end or len(self._page) == self._page_size
        if query is None and self._page and may_go_on and not is_vain:
            size = (("n", str(self._page_size)),) if self._page_size is not None else ()
            query = (("last", self._page[-1]), *size)
        if query is None:
            return None
        if query in self._asked or self._barren_count >= _BARREN_LIMIT:
            self.break_off(f"page {self.count} led nowhere new")
            return None
        self._asked.add(query)
        return query

    def listing(self) -> Listing:
        """Return what the walk has found."""
        return Listing(list(self.names), self.count, tuple(self.faults), self.is_complete, self.is_sound)


def linked_query(answer: Answer) -> Query | None:
    """Return the query of `Link: <…>; rel="next"`. Its host and path are not followed: the listing stays the same."""
    links = ", ".join(answer.headers.get_list("link"))
    match = _LINK.search(links) or _BARE_LINK.match(links)
    try:
        pairs = parse_qsl(urlsplit(match[1]).query, keep_blank_values=True) if match else []
    except ValueError:  # a URL that is not one: then there is no link
        pairs = []
    return tuple(sorted(pairs)) or None


def names_in(body: bytes, key: str) -> list[str]:
    """Return the names below a key of a listing. Raises RegistryError for what is not a listing."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RegistryError(f"the registry's listing is not JSON: {error}") from error
    names = document.get(key) if isinstance(document, dict) else ()
    if names is None:
        return []  # null, or no such key: Go's empty list
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise RegistryError(f"the registry's listing has no list of names below `{key}`")
    return names
