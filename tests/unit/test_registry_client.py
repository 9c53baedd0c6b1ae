"""The registry client by itself: logins, challenges, paging faults, retries, and bytes that are not what they claim."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx2
import pytest

from tonnage.errors import AccessError, RegistryError, RegistryUnreachableError, UsageError
from tonnage.registry import Limits, ReadOnlyRegistry, Registry, UnreadableError
from tonnage.registry.auth import Challenge, parse_challenges
from tonnage.registry.connection import Connection, parse_registry_url
from tonnage.registry.credentials import Credentials, find_credentials
from tonnage.registry.manifests import has_digest, payload_of
from tonnage.sample.documents import OCI_MANIFEST, digest_of

HASTY = Limits(requests_per_second=10_000, pause_seconds=0.001, longest_wait_seconds=0.5)
Handler = Callable[[httpx2.Request], httpx2.Response]


def registry(handler: Handler, *, user: tuple[str, str] | None = None, url: str = "https://r.test") -> Registry:
    """Return a registry whose answers a function gives."""
    environment = dict(zip(("TONNAGE_REGISTRY_USER", "TONNAGE_REGISTRY_PASSWORD"), user or (), strict=False))
    transport = httpx2.MockTransport(handler)
    return Registry.at(url, transport=transport, limits=HASTY, environment={"HOME": "/nowhere", **environment})


def helper(folder: Path, name: str, script: str) -> None:
    """Put a credential helper into a folder that is on the PATH."""
    program = folder / f"docker-credential-{name}"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[object], Mapping[str, str]]:
    """Write a docker config.json; return the environment that leads to it. Helpers go into the same folder."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def write(document: object) -> Mapping[str, str]:
        (tmp_path / "config.json").write_text(document if isinstance(document, str) else json.dumps(document))
        return {"DOCKER_CONFIG": str(tmp_path)}

    return write


class TestCredentials:
    """Where a login comes from, and in which order."""

    def test_a_file_comes_before_the_environment_and_that_before_docker(
        self, docker: Callable[[object], Mapping[str, str]], tmp_path: Path
    ) -> None:
        """Each source is used only where the one before has nothing."""
        from_docker = docker({"auths": {"r.test": {"auth": "ZG9ja2VyOmQ="}}})
        environment = {**from_docker, "TONNAGE_REGISTRY_USER": "env", "TONNAGE_REGISTRY_PASSWORD": "e"}
        (tmp_path / "login").write_text("file:f:g\n")
        found = [
            find_credentials("r.test", str(tmp_path / "login"), environment),
            find_credentials("r.test", "", environment),
        ]
        found.append(find_credentials("r.test", "", from_docker))
        assert [(c.username, c.password) for c in found if c] == [("file", "f:g"), ("env", "e"), ("docker", "d")]
        assert find_credentials("other.test", "", from_docker) is None

    def test_a_file_may_be_json_or_dockers(self, tmp_path: Path) -> None:
        """Both are told apart by what is in them."""
        path = tmp_path / "login"
        path.write_text('{"username": "a", "password": "b"}')
        assert find_credentials("r.test", str(path)) == Credentials("a", "b", str(path))
        path.write_text('{"auths": {"https://r.test:5000/v1/": {"username": "c", "password": "d"}}}')
        assert find_credentials("r.test:5000", str(path)) == Credentials("c", "d", str(path))
        for broken in ("nothing", "{}", "{", "a:b\nc:d\n"):
            path.write_text(broken)
            with pytest.raises(AccessError):
                find_credentials("r.test", str(path))

    def test_the_helper_of_a_registry_comes_before_that_of_all(
        self, docker: Callable[[object], Mapping[str, str]], tmp_path: Path
    ) -> None:
        """Each is asked on stdin by the registry's name; `<token>` as user is an identity token."""
        helper(tmp_path, "one", 'printf \'{"Username":"one","Secret":"%s"}\' "$(cat)"')
        helper(tmp_path, "all", 'printf \'{"Username":"<token>","Secret":"t"}\'')
        environment = docker({"credHelpers": {"r.test": "one"}, "credsStore": "all", "auths": {"r.test": {}}})
        assert find_credentials("r.test", "", environment) == Credentials("one", "r.test", "docker-credential-one")
        other = find_credentials("other.test", "", environment)
        assert other == Credentials("", "", "docker-credential-all", identity_token="t")

    def test_a_helper_without_the_login_leads_on_to_what_is_written_down(
        self, docker: Callable[[object], Mapping[str, str]], tmp_path: Path
    ) -> None:
        """`credentials not found` is an answer, any other failure an error that says what the helper said."""
        helper(tmp_path, "none", "echo credentials not found in native keychain; exit 1")
        environment = docker({"credsStore": "none", "auths": {"r.test": {"auth": "YTpi"}}})
        found = find_credentials("r.test", "", environment)
        assert found and (found.username, found.password) == ("a", "b")
        helper(tmp_path, "none", "echo the keychain is locked; exit 1")
        with pytest.raises(AccessError, match="the keychain is locked"):
            find_credentials("r.test", "", environment)
        with pytest.raises(AccessError, match=r"missing`: No such file or directory$"):
            find_credentials("r.test", "", docker({"credsStore": "missing"}))
        with pytest.raises(AccessError, match="is not a name of a credential helper"):
            find_credentials("r.test", "", docker({"credsStore": "../evil"}))

    def test_what_is_broken_is_said_and_secrets_are_not(self, docker: Callable[[object], Mapping[str, str]]) -> None:
        """A broken source is an error, not the same as none."""
        for broken in ("[]", "{", {"auths": {"r.test": {"auth": "!"}}}):
            with pytest.raises(AccessError):
                find_credentials("r.test", "", docker(broken))
        with pytest.raises(AccessError, match="only one of"):
            find_credentials("r.test", "", {"TONNAGE_REGISTRY_USER": "a"})
        assert "hidden" not in repr(Credentials("a", "hidden", "x", "hidden", "hidden"))

    def test_the_docker_hub_has_many_names(self, docker: Callable[[object], Mapping[str, str]]) -> None:
        """Docker writes its login down under a URL of old."""
        environment = docker({"auths": {"https://index.docker.io/v1/": {"auth": "YTpi"}}})
        found = find_credentials("registry-1.docker.io", "", environment)
        assert found and found.username == "a"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('Basic realm="test"', [("basic", {"realm": "test"})]),
        (
            'Bearer realm="https://t/a?b=c",service="r",scope="repository:a/b:pull,push"',
            [("bearer", {"realm": "https://t/a?b=c", "service": "r", "scope": "repository:a/b:pull,push"})],
        ),
        ('BEARER Realm = "x" , error=invalid_token', [("bearer", {"realm": "x", "error": "invalid_token"})]),
        (r'Basic realm="a \"b\", c", Bearer realm="d"', [("basic", {"realm": 'a "b", c'}), ("bearer", {"realm": "d"})]),
        ("Negotiate, Basic realm=x", [("negotiate", {}), ("basic", {"realm": "x"})]),
        ("Negotiate YWJj==, Basic realm=x", [("negotiate", {}), ("basic", {"realm": "x"})]),
        ("", []),
        ("=,=", []),
    ],
)
def test_challenges_are_read_in_every_form(header: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    """Several in a header, commas and quotes inside of quotes, any case."""
    assert parse_challenges([header]) == [Challenge(scheme, parameters) for scheme, parameters in expected]


class TokenRegistry:
    """A registry with its token server, as far as a client can tell."""

    def __init__(self, *, expires_in: float = 300, realm: str = "https://t.test/token", other_scope: str = "") -> None:
        self.asked: list[httpx2.Request] = []
        self.expires_in, self.realm, self.other_scope = expires_in, realm, other_scope
        self.valid: set[str] = set()

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.host == "t.test":
            self.asked.append(request)
            token = f"token-{len(self.asked)}"
            self.valid.add(token)
            return httpx2.Response(200, json={"access_token": token, "expires_in": self.expires_in})
        if request.headers.get("authorization", "").removeprefix("Bearer ") in self.valid:
            return httpx2.Response(200, json={"tags": []})
        scope = f',scope="{self.other_scope}"' if self.other_scope else ""
        return httpx2.Response(401, headers={"WWW-Authenticate": f'Bearer realm="{self.realm}",service="s"{scope}'})

    @property
    def scopes(self) -> list[str]:
        return [request.url.params.get("scope", "") for request in self.asked]


class TestTokens:
    """Bearer tokens: fetched once per scope, again when they end or are refused."""

    def test_a_token_serves_all_calls_of_its_scope(self) -> None:
        """One token for each repository, and after the first no call is refused first."""
        server = TokenRegistry()
        with registry(server, user=("u", "p")) as r:
            r.ping()
            for name in ("a", "b", "a", "b"):
                r.list_tags(name)
            assert r.requests_count == 2 + 1 + 4 + 2
        assert server.scopes == ["", "repository:a:pull", "repository:b:pull"]
        assert server.asked[0].headers["authorization"] == "Basic dTpw"
        assert server.asked[0].url.params["account"] == "u"

    def test_a_token_is_renewed_before_it_ends(self) -> None:
        """Its life is over a little early, so that none ends on the way."""
        server = TokenRegistry(expires_in=0.0001)
        with registry(server) as r:
            for _ in range(3):
                r.list_tags("a")
        assert len(server.scopes) >= 3

    def test_a_token_that_is_refused_is_fetched_anew(self) -> None:
        """As after a change of the server's keys: one more token, one more try."""
        server = TokenRegistry()
        with registry(server) as r:
            r.list_tags("a")
            server.valid.clear()
            r.list_tags("a")
        assert server.scopes == ["repository:a:pull"] * 2

    def test_the_registrys_own_scope_counts(self) -> None:
        """Where it asks for another scope than the specification's, that one is fetched, from then on at once."""
        server = TokenRegistry(other_scope="repository:library/a:pull")
        with registry(server) as r:
            r.list_tags("a")
            r.list_tags("a")
        assert server.scopes == ["repository:library/a:pull"]

    def test_no_password_goes_to_a_token_server_without_tls(self) -> None:
        """A registry behind TLS that names one is refused."""
        server = TokenRegistry(realm="http://t.test/token")
        with pytest.raises(AccessError, match="without TLS"), registry(server, user=("u", "p")) as r:
            r.ping()
        assert not server.asked

    def test_an_identity_token_is_posted(self, tmp_path: Path) -> None:
        """It is a refresh token, and goes in the body."""
        (tmp_path / "config.json").write_text('{"auths": {"r.test": {"identitytoken": "it"}}}')
        server = TokenRegistry()
        environment = {"DOCKER_CONFIG": str(tmp_path)}
        transport = httpx2.MockTransport(server)
        with Registry.at("https://r.test", transport=transport, limits=HASTY, environment=environment) as r:
            r.ping()
        assert server.asked[0].method == "POST"
        assert b"grant_type=refresh_token&refresh_token=it" in server.asked[0].content

    @pytest.mark.parametrize("status", [400, 401, 403])
    def test_a_token_server_that_refuses_is_named(self, status: int) -> None:
        """The message has the server, the user and where the login came from, and no password."""

        def handler(request: httpx2.Request) -> httpx2.Response:
            if request.url.host == "t.test":
                return httpx2.Response(status)
            return httpx2.Response(401, headers={"WWW-Authenticate": 'Bearer realm="https://t.test/token"'})

        with pytest.raises(AccessError) as caught, registry(handler, user=("u", "hidden")) as r:
            r.ping()
        assert "`https://t.test/token` refuses user `u` (from the environment)" in caught.value.message
        assert "hidden" not in str(caught.value)


class Pages:
    """A listing of names that a server cuts into pages, with a fault."""

    def __init__(self, names: list[str], fault: str = "") -> None:
        self.names, self.fault, self.queries = names, fault, []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if not request.url.path.endswith("tags/list"):
            return httpx2.Response(200, json={})
        query = dict(request.url.params)
        self.queries.append(query)
        n = int(query.get("n", 2 if self.fault == "small limit" else len(self.names) or 1))
        if self.fault == "small limit" and n > 2:
            return httpx2.Response(400, json={"errors": [{"code": "PAGINATION_NUMBER_INVALID"}]})
        rest = [name for name in self.names if name > query.get("last", "")]
        page, more = rest[:n], rest[n:]
        return self._answer(page, bool(more), n)

    def _answer(self, page: list[str], has_more: bool, n: int) -> httpx2.Response:
        last = page[-1] if page else ""
        link = f'</v2/a/tags/list?last={last}&n={n}>; rel="next"'
        match self.fault:
            case "ignores n":
                return httpx2.Response(200, json={"tags": self.names})
            case "no link":
                return httpx2.Response(200, json={"tags": page})
            case "circle":
                first = f'</v2/a/tags/list?last=&n={n}>; rel="next"'
                return httpx2.Response(200, json={"tags": page}, headers={"Link": first})
            case "repeats":
                before = self.names[max(0, self.names.index(last) - n) :][:1] if last else []
                return httpx2.Response(200, json={"tags": before + page}, headers={"Link": link} if has_more else {})
            case "crash" if len(self.queries) > 1:
                return httpx2.Response(500)
            case "elsewhere":
                link = f'<https://evil.test/v2/a/tags/list?last={last}&n={n}>; rel="next"'
        return httpx2.Response(200, json={"tags": page}, headers={"Link": link} if has_more else {})


class TestPaging:
    """Listings are complete, or known not to be, whatever the server does with its pages."""

    names = ("a", "b", "c", "d", "e", "f", "g")

    @pytest.mark.parametrize("fault", ["", "no link", "ignores n", "repeats", "small limit", "elsewhere"])
    @pytest.mark.parametrize("page_size", [1, 3, 7, 100])
    def test_every_name_is_found_once(self, fault: str, page_size: int) -> None:
        """With pages of any size: links missing, `n` ignored or refused, names repeated, links to another host."""
        with registry(Pages(list(self.names), fault)) as r:
            listing = r.list_tags("a", page_size)
        assert listing.names == list(self.names)
        assert listing.is_complete

    def test_a_missing_link_is_told(self) -> None:
        """The names are there all the same."""
        with registry(Pages(list(self.names), "no link")) as r:
            assert "page 1 had no link to the next" in r.list_tags("a", 3).faults

    @pytest.mark.parametrize("fault", ["circle", "crash"])
    def test_a_walk_that_leads_nowhere_ends_incomplete(self, fault: str) -> None:
        """It neither goes on for ever nor takes what it has for all."""
        with registry(Pages(list(self.names), fault)) as r:
            listing = r.list_tags("a", 3)
        assert not listing.is_complete
        assert listing.faults

    @pytest.mark.parametrize("body", [b'{"tags": null}', b"{}", b'{"tags": []}', b'{"tags": [""]}'])
    def test_none_is_an_empty_list(self, body: bytes) -> None:
        """Go writes null; 2.8.2 on S3 has been seen to list an empty name."""
        with registry(lambda request: httpx2.Response(200, content=body)) as r:
            assert r.list_tags("a").names == []

    @pytest.mark.parametrize("body", [b"<html>", b'{"tags": "x"}', b'{"tags": [1]}', b"\xff"])
    def test_what_is_no_listing_is_an_error(self, body: bytes) -> None:
        """A proxy's page of HTML is not an empty repository."""
        with pytest.raises(RegistryError), registry(lambda request: httpx2.Response(200, content=body)) as r:
            r.list_tags("a")

    def test_the_catalog_is_walked_twice(self) -> None:
        """A name that the server skips at the border of two pages is found by a walk with other borders."""

        def handler(request: httpx2.Request) -> httpx2.Response:
            n, last = int(request.url.params["n"]), request.url.params.get("last", "")
            rest = [name for name in self.names if name > last]
            page = rest[:n]
            skipped = page[-1] if page and page[-1] != "d" else "d~"
            link = {"Link": f'</v2/_catalog?last={skipped}&n={n}>; rel="next"'} if rest[n:] else {}
            return httpx2.Response(
                200, json={"repositories": [x for x in page if x != "e" or last != "d~"]}, headers=link
            )

        with registry(handler) as r:
            assert set(r.list_repositories(4).names) == set(self.names)


class TestRetries:
    """Passing faults are waited out, a bounded number of times; others are not."""

    def flaky(
        self, *first: int | type[Exception], headers: Mapping[str, str] | None = None
    ) -> tuple[Handler, list[str]]:
        """Return a server that answers like this first, and 200 from then on; and what it was asked."""
        plan, asked = list(first), []

        def handler(request: httpx2.Request) -> httpx2.Response:
            asked.append(request.method)
            step = plan.pop(0) if plan else 200
            if isinstance(step, int):
                return httpx2.Response(step, headers=headers or {}, json={})
            raise step("broken")

        return handler, asked

    @pytest.mark.parametrize("fault", [429, 500, 502, 503, 504, httpx2.ReadTimeout, httpx2.ConnectError])
    def test_passing_faults_are_tried_again(self, fault: int | type[Exception]) -> None:
        """Twice in a row is nothing yet."""
        handler, asked = self.flaky(fault, fault)
        with registry(handler) as r:
            r.list_tags("a")
        assert len(asked) == 3

    def test_they_are_not_tried_for_ever(self) -> None:
        """Then it is an error that says what came last."""
        handler, asked = self.flaky(*[503] * 50)
        with pytest.raises(RegistryUnreachableError, match="HTTP 503"), registry(handler) as r:
            r.list_tags("a")
        assert len(asked) == HASTY.attempts_count
        handler, asked = self.flaky(*[httpx2.ConnectError] * 50)
        with pytest.raises(RegistryUnreachableError, match="cannot reach"), registry(handler) as r:
            r.ping()
        assert len(asked) == 2, "a wrong URL is told soon"

    def test_retry_after_is_obeyed_within_reason(self) -> None:
        """A registry that asks for more than a program should wait is not available."""
        handler, asked = self.flaky(429, headers={"Retry-After": "3600"})
        with pytest.raises(RegistryUnreachableError, match="asks to wait 3600 s"), registry(handler) as r:
            r.list_tags("a")
        assert len(asked) == 1

    def test_a_deletion_whose_answer_was_lost_is_done(self) -> None:
        """The second attempt finds nothing: the first was carried out. A 404 at the first attempt is not that."""
        digest = digest_of(b"")
        handler, _ = self.flaky(httpx2.ReadError, 404)
        with registry(handler) as r:
            assert r.delete_manifest("a", digest).is_done
        handler, _ = self.flaky(404)
        with registry(handler) as r:
            assert not r.delete_manifest("a", digest).is_done

    def test_the_rate_is_kept(self) -> None:
        """Ten requests at a hundred a second take at least nine hundredths."""
        import time

        handler, _ = self.flaky()
        limits = Limits(requests_per_second=100)
        with Registry.at("https://r.test", transport=httpx2.MockTransport(handler), limits=limits, environment={}) as r:
            began = time.monotonic()
            for _ in range(10):
                r.ping()
            assert time.monotonic() - began >= 0.09

    def test_a_cancelled_registry_does_not_wait(self) -> None:
        """Whoever waits is woken with an error."""
        handler, asked = self.flaky()
        with pytest.raises(RegistryUnreachableError), registry(handler) as r:
            r.cancel()
            r.ping()
        assert not asked


class TestManifests:
    """What comes over the wire is what its digest says."""

    content = b'{"schemaVersion": 2}'

    def serve(self, content: bytes, **headers: str) -> Handler:
        """Return a server with one manifest."""
        given = {
            "Content-Type": f"{OCI_MANIFEST}; charset=utf-8",
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        return lambda request: httpx2.Response(200, content=content, headers=given)

    def test_bytes_of_another_digest_are_refused(self) -> None:
        """By digest, and by tag where the server names the digest."""
        wrong = digest_of(b"other")
        with registry(self.serve(self.content, docker_content_digest=wrong)) as r:
            for reference in (wrong, "tag"):
                with pytest.raises(UnreadableError, match="other bytes"):
                    r.get_manifest("a", reference)

    def test_a_server_that_names_no_digest_is_read(self) -> None:
        """HEAD becomes GET, and the digest is computed."""
        with registry(self.serve(self.content)) as r:
            head = r.head_manifest("a", "tag")
            manifest = r.get_manifest("a", digest_of(self.content))
        assert head and (head.digest, head.media_type) == (digest_of(self.content), OCI_MANIFEST)
        assert manifest and manifest.content == self.content

    @pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
    def test_every_algorithm_is_checked(self, algorithm: str) -> None:
        """A digest says by which it was made."""
        import hashlib

        digest = f"{algorithm}:{hashlib.new(algorithm, self.content).hexdigest()}"
        assert has_digest(self.content, digest, OCI_MANIFEST)
        assert not has_digest(self.content + b" ", digest, OCI_MANIFEST)

    def test_what_is_no_signature_is_left_as_it_is(self) -> None:
        """Nothing of a hostile manifest is trusted to be there."""
        for content in (b"", b"{}", b'{"signatures": [{"protected": "e30"}]}', b'{"signatures": 1}'):
            assert payload_of(content) == content

    @pytest.mark.parametrize("repository", ["", "..", "a/../b", "a//b", "/a", "a/", "a?b", "_a"])
    def test_names_that_are_none_are_not_sent(self, repository: str) -> None:
        """A path is never put together from what could lead out of it."""
        asked: list[httpx2.Request] = []
        with registry(lambda request: asked.append(request) or httpx2.Response(202)) as r:
            with pytest.raises(UsageError):
                r.delete_manifest(repository, digest_of(b""))
            with pytest.raises(UsageError):
                r.delete_manifest("a", "latest")
            with pytest.raises(UsageError):
                r.delete_tag("a", "../b")
        assert not asked


class TestReadOnly:
    """A registry that is only read cannot be changed through, by any way."""

    def test_it_has_no_method_that_changes(self) -> None:
        """Neither under the names of Registry, nor under others."""
        changing = {name for name in dir(Registry) if name not in dir(ReadOnlyRegistry)}
        assert {"put_manifest", "delete_manifest", "delete_tag"} <= changing
        with registry(lambda request: httpx2.Response(202)).as_read_only() as r:
            assert not any(hasattr(r, name) for name in changing)

    def test_its_connection_refuses_other_methods(self) -> None:
        """Even where its private parts are used."""
        asked: list[httpx2.Request] = []
        connection = Connection(
            "https://r.test",
            frozenset({"GET", "HEAD", "DELETE"}),
            transport=httpx2.MockTransport(lambda request: asked.append(request) or httpx2.Response(202)),
            environment={},
        )
        reading = ReadOnlyRegistry(connection)
        with pytest.raises(AssertionError):
            reading._connection.call("DELETE", "a/manifests/b")
        assert not asked


@pytest.mark.parametrize(
    "url",
    [
        "", "ftp://r.test", "https://", "https://u:p@r.test", "https://r.test/?a=b", "a b://", "https://[::1",
        "https://r.test:port", "https://r.test:99999", f"https://{'r' * 64}.test",
    ],
)  # fmt: skip
def test_a_url_that_is_none_is_refused(url: str) -> None:
    """Passwords in it above all: everyone on the machine can read them."""
    with pytest.raises(UsageError):
        parse_registry_url(url)


def test_reads_follow_redirects_without_the_login() -> None:
    """Blobs are often elsewhere; the other host gets no password, and never plain http for https."""

    def handler(request: httpx2.Request) -> httpx2.Response:
        if request.url.host == "store.test":
            assert "authorization" not in request.headers
            return httpx2.Response(200, content=b"{}")
        if "authorization" not in request.headers:
            return httpx2.Response(401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        target = "http://store.test/x" if request.url.path.startswith("/v2/plain") else "https://store.test/x"
        return httpx2.Response(307, headers={"Location": target})

    with registry(handler, user=("u", "p")) as r:
        assert r.get_blob("a", digest_of(b"{}")) == b"{}"
        with pytest.raises(RegistryError, match="redirects to plain http"):
            r.get_blob("plain", digest_of(b"{}"))
        with pytest.raises(RegistryError):
            r.put_manifest("a", "tag", _any_manifest())


def _any_manifest() -> object:
    from tonnage.registry import RemoteManifest

    return RemoteManifest(digest_of(b"{}"), OCI_MANIFEST, b"{}")
