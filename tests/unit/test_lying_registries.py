"""Registries over HTTP that lie: every scan ends, with a message, a problem row, or the truth; never with a traceback."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lyingregistry import Asked, Habit, Registry, Reply, json_reply, lying_registry
from scanning import answer, column
from tonnage.errors import RegistryError, TonnageError
from tonnage.registry import paging
from tonnage.registry.harbor import read_harbor_tags
from tonnage.scan.run import Summary, scan
from tonnage.storage.opening import OpenOptions, open_storage
from tonnage.storage.registry import RegistrySource

pytestmark = pytest.mark.slow

ENDS_WITHIN_SECONDS = 60


def scan_lies(url: str, inventory: Path, **options: Any) -> Summary:
    """Scan a lying registry, with little patience."""
    source = RegistrySource(**{"timeout_seconds": 0.5, "requests_per_second": 2_000.0, **options})
    return scan(open_storage(url, OpenOptions(registry=source)), str(inventory))


def at(ending: str, reply: Callable[[Asked, Reply], Reply]) -> Habit:
    """Return the habit of answering otherwise at paths that end so."""
    return lambda registry, asked, honest: reply(asked, honest) if asked.path.endswith(ending) else honest


def at_manifests(**headers: str) -> Habit:
    """Return the habit of sending other headers with manifests."""
    return lambda registry, asked, honest: (
        honest._replace(headers=honest.headers | {name.replace("_", "-"): value for name, value in headers.items()})
        if "/manifests/" in asked.path
        else honest
    )


def challenge(header: str) -> Habit:
    """Return the habit of wanting a login of a kind."""
    return lambda registry, asked, honest: (
        honest if asked.path == "/token" else Reply(401, {"WWW-Authenticate": header.replace("HERE", registry.url)})
    )


def token(document: dict[str, Any]) -> Habit:
    """Return the habit of giving odd tokens."""

    def habit(registry: Registry, asked: Asked, honest: Reply) -> Reply:
        if asked.path == "/token":
            return json_reply(document)
        if "Authorization" in asked.headers:
            return honest
        return Reply(401, {"WWW-Authenticate": f'Bearer realm="{registry.url}/token",service="x"'})

    return habit


def endless(key: str, link: str = "") -> Callable[[Asked, Reply], Reply]:
    """Return an answer with ever new names, and a link to more."""

    def reply(asked: Asked, _: Reply) -> Reply:
        last = int(asked.query.get("last", "0").strip("r") or 0)
        names = [f"r{number:09}" for number in range(last + 1, last + 101)]
        return json_reply({key: names}, Link=link or f'<{asked.path}?last={names[-1]}&n=100>; rel="next"')

    return reply


def other_digests(registry: Registry, asked: Asked, honest: Reply) -> Reply:
    """Name the digest of another manifest for every tag, and send the right bytes to GET."""
    others = {
        registry.tags["app"]["1"]: registry.tags["web"]["1"],
        registry.tags["web"]["1"]: registry.tags["app"]["1"],
    }
    if "/manifests/" not in asked.path or "sha256:" in asked.path:
        return honest
    digest = others[honest.headers["Docker-Content-Digest"]]
    return honest._replace(headers=honest.headers | {"Docker-Content-Digest": digest})


def other_digests_by_head(registry: Registry, asked: Asked, honest: Reply) -> Reply:
    """Do the same for HEAD alone."""
    return other_digests(registry, asked, honest) if asked.method == "HEAD" else honest


def with_digests(registry: Registry, asked: Asked, honest: Reply) -> Reply:
    """List digests among the tags, from where the list is asked to begin."""
    if not asked.path.endswith("/tags/list"):
        return honest
    name = asked.path.split("/")[2]
    names = sorted({*registry.tags[name], *registry.tags[name].values()})
    return json_reply({"name": name, "tags": [found for found in names if found > asked.query.get("last", "")]})


CATALOG = "/_catalog"
REFUSED: dict[str, Habit] = {
    "nothing at /v2/": at("/v2/", lambda asked, honest: Reply(404)),
    "a catalog without end": at(CATALOG, endless("repositories")),
    "a catalog that drips": at(CATALOG, lambda asked, honest: honest._replace(drips=True)),
    "a catalog that is not JSON": at(CATALOG, lambda asked, honest: Reply(body=b"<html>")),
    "a catalog nested deeply": at(CATALOG, lambda asked, honest: Reply(body=b"[" * 100_000)),
    "a catalog in bytes that do not unpack": at(
        CATALOG, lambda asked, honest: honest._replace(headers={"Content-Encoding": "gzip"})
    ),
    "a redirect to nowhere": at(CATALOG, lambda asked, honest: Reply(302, {"Location": "http://[::1"})),
    "a redirect in circles": at(CATALOG, lambda asked, honest: Reply(302, {"Location": asked.path})),
    "a wait without end": at(CATALOG, lambda asked, honest: Reply(429, {"Retry-After": "9" * 400})),
    "a ping that drips": at("/v2/", lambda asked, honest: honest._replace(drips=True)),
    "a realm without a host": challenge('Bearer realm="https://"'),
    "a realm that is half an address": challenge('Bearer realm="http://[::1"'),
    "a realm with an odd port": challenge('Bearer realm="http://127.0.0.1:99999/"'),
    "a realm with a login in it": challenge('Bearer realm="http://me:secret@127.0.0.1/"'),
    "a realm that is a file": challenge('Bearer realm="file:///etc/passwd"'),
    "no realm": challenge("Bearer"),
    "an unknown kind of login": challenge("Magic x=1"),
    "a login in circles": challenge('Bearer realm="HERE/token"'),
    "a token with a line in it": token({"token": "a\r\nX-Evil: 1"}),
    "a token that is not a text": token({"token": 5}),
    "a token that is not ASCII": token({"token": "ü"}),
    "an empty token": token({"token": ""}),
}
"""Habits that end in a message."""
TOLD: dict[str, Habit] = {
    "tags without end": at("/tags/list", endless("tags")),
    "tags that are numbers": at("/tags/list", lambda asked, honest: json_reply({"tags": [1, 2]})),
    "the same page of tags for ever": at("/tags/list", lambda asked, honest: _with_link(honest, "?last=x&n=1000")),
    "digests of other manifests": other_digests,
    "manifests of other bytes": at_manifests(Docker_Content_Digest="sha256:" + "0" * 64),
}
"""Habits that end in problem rows."""
HARMLESS: dict[str, Habit] = {
    "honest": lambda registry, asked, honest: honest,
    "digests of other manifests to HEAD": other_digests_by_head,
    "digests among the tags": with_digests,
    "a link that is not an address": at(CATALOG, lambda asked, honest: _with_link(honest, "http://[::1")),
    "tokens that last for ever": token({"token": "t", "expires_in": 10**400}),
    "tokens that last no time": token({"token": "t", "expires_in": -1}),
    "tokens that last a word": token({"token": "t", "expires_in": "Infinity"}),
}
"""Habits in spite of which all is seen."""


def _with_link(honest: Reply, target: str) -> Reply:
    return honest._replace(headers=honest.headers | {"Link": f'<{target}>; rel="next"'})


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have lists end sooner, and no login of this machine's user."""
    monkeypatch.setattr(paging, "_NAMES_LIMIT", 2_000)
    monkeypatch.setenv("DOCKER_CONFIG", "/nonexistent")


@pytest.mark.parametrize("habit", REFUSED)
def test_a_lie_ends_in_a_message(tmp_path: Path, habit: str) -> None:
    """In bounded time, with nothing written, and with no secret in it."""
    began = time.monotonic()
    with lying_registry(REFUSED[habit]) as registry, pytest.raises(RegistryError) as caught:
        scan_lies(registry.url, tmp_path / "tonnage.duckdb")
    assert 20 <= caught.value.exit_code <= 23
    assert "X-Evil" not in caught.value.message
    assert time.monotonic() - began < ENDS_WITHIN_SECONDS
    assert not (tmp_path / "tonnage.duckdb").exists()


@pytest.mark.parametrize("habit", TOLD)
def test_a_lie_about_one_thing_is_a_problem(tmp_path: Path, habit: str) -> None:
    """The scan goes on, or says that nothing is known; it does not end well without a word."""
    began = time.monotonic()
    with lying_registry(TOLD[habit]) as registry:
        try:
            summary = scan_lies(registry.url, tmp_path / "tonnage.duckdb")
        except TonnageError as error:
            assert error.message and error.exit_code == 20
        else:
            assert summary.problems_count > 0
    assert time.monotonic() - began < ENDS_WITHIN_SECONDS


@pytest.mark.parametrize("habit", HARMLESS)
def test_all_is_seen(tmp_path: Path, habit: str) -> None:
    """What is odd and says nothing of what is there is passed over."""
    with lying_registry(HARMLESS[habit]) as registry:
        scan_lies(registry.url, tmp_path / "tonnage.duckdb")
    found = answer(tmp_path / "tonnage.duckdb", "select repository, tag, digest from tag order by all")
    assert found == [(name, "1", registry.tags[name]["1"]) for name in ("app", "web")]


@pytest.mark.parametrize("size", [2**63, 2**62, 2**70, -1, "many", 1e400, None, [], "9" * 30])
def test_odd_sizes(tmp_path: Path, size: Any) -> None:
    """Of a layer, in a manifest: never a traceback, and no layer of nonsense size is counted."""
    with lying_registry() as registry:
        for name in ("app", "web", "zoo"):
            registry.tags.setdefault(name, {})["odd"] = registry.image(f"{name}-odd", size)
        try:
            scan_lies(registry.url, tmp_path / "tonnage.duckdb")
        except TonnageError as error:
            assert error.message
            return
    assert answer(tmp_path / "tonnage.duckdb", "select count(*) from tag") == [(5,)]


@pytest.mark.parametrize("length", [str(2**63), "9" * 5_000, "many"])
def test_odd_lengths(tmp_path: Path, length: str) -> None:
    """Of a layer that is asked for: it is not known, or the registry makes no sense."""

    def habit(registry: Registry, asked: Asked, honest: Reply) -> Reply:
        is_layer = asked.method == "HEAD" and "/blobs/" in asked.path
        return Reply(200, {"Content-Length": length}) if is_layer else honest

    with lying_registry(habit) as registry:
        try:
            scan_lies(registry.url, tmp_path / "tonnage.duckdb", asks_sizes=True)
        except TonnageError as error:
            assert error.message
            return
    assert column(tmp_path / "tonnage.duckdb", "select has_stored_sizes from source") == [False]


def harbor(tags: Any) -> Habit:
    """Return the habit of being a Harbor with one repository, whose artifact has such tags."""

    def habit(registry: Registry, asked: Asked, honest: Reply) -> Reply:
        if asked.path.endswith("/artifacts"):
            return json_reply([{"digest": "sha256:1", "tags": tags}])
        return json_reply([{"name": "project/app"}])

    return habit


def the_same_page(registry: Registry, asked: Asked, honest: Reply) -> Reply:
    """Answer with a full page, whichever is asked for."""
    return json_reply([{"name": "project/app"}] * 100)


@pytest.mark.parametrize("habit", [the_same_page, harbor(5), harbor([1]), harbor("many"), at("", lambda *_: Reply())])
def test_harbors_that_lie(habit: Habit) -> None:
    """What its own API says of tags ends in a message too."""
    with lying_registry(habit) as registry, pytest.raises(RegistryError):
        read_harbor_tags(registry.url)


def test_a_tower_of_indexes_ends(tmp_path: Path) -> None:
    """Indexes in indexes are followed so far, and what lies below is a problem."""
    with lying_registry() as registry:
        top = registry.tags["app"]["1"]
        for _ in range(300):
            top = registry.index(top)
        registry.tags["app"]["tower"] = top
        summary = scan_lies(registry.url, tmp_path / "tonnage.duckdb")
        assert registry.requests_count < 200
    assert summary.problems_count > 0
    details = column(tmp_path / "tonnage.duckdb", "select detail from problem where kind = 'unreadable_manifest'")
    assert any("indexes above it" in detail for detail in details)


def test_a_slow_catalog(tmp_path: Path) -> None:
    """It obeys --timeout; the hint says how to give it longer, and how to do without."""

    def habit(registry: Registry, asked: Asked, honest: Reply) -> Reply:
        if asked.path.endswith(CATALOG):
            time.sleep(1.5)
        return honest

    with lying_registry(habit) as registry:
        with pytest.raises(RegistryError, match=r"within 0\.5 s") as caught:
            scan_lies(registry.url, tmp_path / "tonnage.duckdb")
        assert "--timeout" in caught.value.next_step and "--repositories" in caught.value.next_step
        scan_lies(registry.url, tmp_path / "tonnage.duckdb", timeout_seconds=10.0)
    assert column(tmp_path / "tonnage.duckdb", "select count(*) from tag") == [2]
