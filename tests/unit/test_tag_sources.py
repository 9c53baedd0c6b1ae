"""Tags that are kept outside of the storage: in files of our form, in Harbor's database, behind Harbor's API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from registryfronts import _Quiet, _serving
from scanning import scan_tree
from tonnage.cli import main
from tonnage.errors import AccessError, RegistryError, UsageError
from tonnage.formats.tag_sources import parse_tags
from tonnage.registry.harbor import read_harbor_tags
from tonnage.sample import Builder

pytestmark = pytest.mark.slow

A, B = (f"sha256:{letter * 64}" for letter in "ab")
DUMP = f"""--
-- PostgreSQL database dump
--

SET client_encoding = 'UTF8';

COPY public.artifact (id, project_id, repository_name, digest, type, repository_id, annotations) FROM stdin;
7\t2\tshop/web\t{A}\tIMAGE\t3\t\\N
8\t2\tshop/a\\\\b\t{B}\tIMAGE\t4\t{{"x":"a\\\\tb"}}
\\.


COPY public.tag (id, repository_id, artifact_id, name, push_time, pull_time) FROM stdin;
1\t3\t7\tlatest\t2026-01-01 00:00:00\t\\N
2\t3\t7\t1.0\t2026-01-01 00:00:00\t\\N
3\t4\t8\tx\t2026-01-01 00:00:00\t\\N
4\t4\t99\tdeleted\t2026-01-01 00:00:00\t\\N
\\.
"""


def test_lines() -> None:
    """A tag a line; comments and empty lines are left out, and a line that lacks something is named."""
    assert parse_tags(f"# all\nregistry.example.com/shop/web:1@{A}\n\n") == [("shop/web", "1", A)]
    with pytest.raises(UsageError, match="line 2"):
        parse_tags(f"shop/web:1@{A}\nshop/web:2\n")


def test_a_dump_of_harbors_database() -> None:
    """Tags with their artifacts, whatever other columns there are; one whose artifact is gone leads nowhere."""
    assert parse_tags(DUMP) == [("shop/web", "latest", A), ("shop/web", "1.0", A), ("shop/a\\b", "x", B)]


@pytest.mark.parametrize("dump", [DUMP.replace("public.tag", "public.other"), DUMP.partition("COPY")[0]])
def test_a_dump_without_the_tables_is_refused(dump: str) -> None:
    """No tags at all would read as: everything may go."""
    with pytest.raises(UsageError, match="no rows of Harbor's table"):
        parse_tags(dump)


@contextmanager
def harbor(repositories: dict[str, list[tuple[str, list[str]]]], user: str = "") -> Iterator[str]:
    """Serve Harbor's API over these repositories, a hundred entries a page."""

    class Handler(_Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
            if user and self.headers.get("Authorization") is None:
                self.answer(401, {}, b'{"errors":[{"code":"UNAUTHORIZED","message":"unauthorized"}]}')
                return
            if path == "/api/v2.0/repositories":
                found: list[object] = [{"name": name} for name in repositories]
            elif path.endswith("/artifacts"):
                _, _, _, _, project, _, inner, _ = path.split("/")
                artifacts = repositories[f"{project}/{unquote(unquote(inner))}"]
                tags = [(digest, [{"name": name} for name in names] or None) for digest, names in artifacts]
                found = [{"digest": digest, "tags": names} for digest, names in tags]
            else:
                self.answer(200, {}, b"<html>")
                return
            start = (int(query["page"][0]) - 1) * 100
            self.answer(200, {}, json.dumps(found[start : start + 100]).encode())

    with _serving(Handler) as host:
        yield f"http://{host}"


def test_harbors_api() -> None:
    """Page after page, of repositories with slashes in them; artifacts without a tag are none of ours."""
    many = [(f"sha256:{number:064x}", [f"t{number}"]) for number in range(250)]
    with harbor({"shop/web": many, "team/a/b": [(A, ["1", "latest"]), (B, [])]}) as url:
        tags = read_harbor_tags(url, environment={"HOME": "/nowhere"})
    assert len(tags) == 252
    assert tags[-2:] == [("team/a/b", "1", A), ("team/a/b", "latest", A)]


def test_harbors_refusals() -> None:
    """Without a login it says so; what is not Harbor is told."""
    with harbor({}, user="admin") as url:
        with pytest.raises(AccessError, match="does not show"):
            read_harbor_tags(url, environment={"HOME": "/nowhere"})
        login = {"TONNAGE_REGISTRY_USER": "admin", "TONNAGE_REGISTRY_PASSWORD": "x"}
        assert read_harbor_tags(url, environment=login) == []
        with pytest.raises(RegistryError, match="is not a list of Harbor's API"):
            read_harbor_tags(f"{url}/elsewhere", environment=login)


def test_every_command_takes_them(registry: Builder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A storage without any tag, as Harbor leaves it: with the dump, reports and plans know what is tagged.

    The collector does not: with -m it takes what only Harbor has a tag for, and the preview says that this breaks it.
    """
    image = registry.repository("shop/web").image([registry.layer(b"web")])
    other = registry.repository("shop/web").image([registry.layer(b"old")])
    (registry.repository("shop/web").path / "_manifests/tags").mkdir()
    dump = tmp_path / "harbor.sql"
    dump.write_text(DUMP.replace(A, image.digest))
    scan_tree(registry.root, tmp_path / "tonnage.duckdb")
    given = ["--tags-from", str(dump), "-i", str(tmp_path / "tonnage.duckdb")]
    for call in (["untagged", "--csv"], ["tags", "--csv"], ["sql", "select count(*) from tag", "--csv"]):
        with pytest.raises(SystemExit) as ended:
            main([*call, *given])
        assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert printed.count(other.digest) == 1 and printed.count(image.digest) == 2
    with pytest.raises(SystemExit):
        main(["gc", "--registry", "2", "-m", "--list", "revisions", "--csv", *given])
    removed = capsys.readouterr().out
    assert other.digest in removed and image.digest in removed
    with pytest.raises(SystemExit) as ended:
        main(["gc", "--registry", "2", "-m", "--list", "broken", "--csv", "--fail-on-break", *given])
    broken = capsys.readouterr().out
    assert (ended.value.code, image.digest in broken, other.digest in broken) == (15, True, False)
