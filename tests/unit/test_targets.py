"""What a person names on the command line, and images as files name them."""

import fnmatch
import json

import duckdb
import pytest

from tonnage.errors import UsageError
from tonnage.formats.references import Reference, parse_in_use, parse_reference
from tonnage.formats.targets import Target, parse_target

HEX = "4f" * 32


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("app", Target("app")),
        ("team/*", Target("team/*")),
        ("team/app:1.0", Target("team/app", "1.0")),
        ("team/*:pr-*", Target("team/*", "pr-*")),
        (f"app@sha256:{HEX}", Target("app", digest=f"sha256:{HEX}")),
        ("app@4f4f", Target("app", digest="sha256:4f4f")),
    ],
)
def test_target(text: str, target: Target) -> None:
    """A target is a repository, a tag in one, or a digest in one."""
    assert parse_target(text) == target


GLOBS = (
    "*",
    "a*b*c",
    "*-*-*",
    "v?.*",
    "[ab]*",
    "[!ab]*",
    "[a-c]?",
    "[]a]",
    "[!]a]",
    "[^a]",
    "[",
    "[a",
    "[]",
    "a[]b",
    "[!]",
    "[b-a]",
    "[!b-a]",
    "[b-ac]",
    "[é–]",
    "a.b",
    "*[.]*",
    "\\\\",
    "+",
)
NAMES = (
    "",
    "a",
    "abc",
    "axbxc",
    "a-b-c",
    "v1.0",
    "v10",
    "b",
    "]",
    "^",
    "[",
    "[a",
    "a.b",
    "aXb",
    "a[]b",
    "[]",
    "[!]",
    "é",
    "a\nb",
    "\\\\",
    "+",
    "-",
)


@pytest.mark.parametrize("glob", GLOBS)
def test_names_match_as_files_do_in_a_shell(glob: str) -> None:
    """The database matches a pattern, however many stars it has, as Python's fnmatch does."""
    with duckdb.connect() as database:
        for name in NAMES:
            ((found,),) = database.execute(
                "select regexp_full_match(?, ?)", [name, Target(glob).repository_regex]
            ).fetchall()
            assert found == fnmatch.fnmatchcase(name, glob), (glob, name)


@pytest.mark.parametrize("text", ["", ":tag", "app:", "app@", "app@latest", "@sha256:4f4f", "app@sha256:XYZ"])
def test_no_target(text: str) -> None:
    """What is none is refused with how to write one."""
    with pytest.raises(UsageError) as caught:
        parse_target(text)
    assert "REPO:TAG" in caught.value.next_step


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("shop/web:1.2", Reference("shop/web", "1.2", None)),
        ("shop/web", Reference("shop/web", "latest", None)),
        ("registry.example.com/shop/web:1", Reference("shop/web", "1", None)),
        ("registry.example.com:5000/shop/web:1", Reference("shop/web", "1", None)),
        ("localhost/web", Reference("web", "latest", None)),
        ("localhost:5000/web:2", Reference("web", "2", None)),
        (f"shop/web@sha256:{HEX}", Reference("shop/web", None, f"sha256:{HEX}")),
        (f"docker-pullable://r.example/shop/web@sha256:{HEX}", Reference("shop/web", None, f"sha256:{HEX}")),
        (f"r.example/shop/web:3@sha256:{HEX}", Reference("shop/web", "3", f"sha256:{HEX}")),
    ],
)
def test_reference(text: str, reference: Reference) -> None:
    """The host is left out: the inventory is of one registry."""
    assert parse_reference(text) == reference


def test_in_use_lines() -> None:
    """References between white space, as kubectl's jsonpath puts them out too; empty lines and comments are nothing."""
    assert parse_in_use("# production\n\nshop/web:1  # the shop\nshop/api:2 shop/db:3\n") == [
        Reference("shop/web", "1", None),
        Reference("shop/api", "2", None),
        Reference("shop/db", "3", None),
    ]


def test_in_use_pods() -> None:
    """All containers of all pods count, as asked for and as found running; an imageID may be a digest alone."""
    pod = {
        "spec": {
            "containers": [{"image": "r.example/shop/web:1"}],
            "initContainers": [{"image": "shop/init"}],
            "ephemeralContainers": [{"image": "shop/debug:1"}],
        },
        "status": {
            "containerStatuses": [
                {"image": "shop/web:1", "imageID": f"docker-pullable://r.example/shop/web@sha256:{HEX}"},
                {"image": "sha256:" + HEX, "imageID": f"docker://sha256:{HEX}"},
            ]
        },
    }
    assert set(parse_in_use(json.dumps({"kind": "List", "items": [pod]}))) == {
        Reference("shop/web", "1", None),
        Reference("shop/init", "latest", None),
        Reference("shop/debug", "1", None),
        Reference("shop/web", None, f"sha256:{HEX}"),
        Reference("", None, f"sha256:{HEX}"),
    }


def test_in_use_templates() -> None:
    """What a CronJob will run tonight counts as well, though no pod runs it now."""
    template = {"spec": {"containers": [{"image": "shop/backup:7"}]}}
    job = {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": template}}}}
    assert parse_in_use(json.dumps({"kind": "List", "items": [job]})) == [Reference("shop/backup", "7", None)]


@pytest.mark.parametrize("text", ["", "\n# nothing\n", '{"items": []}', "[]"])
def test_nothing_in_use_is_refused(text: str) -> None:
    """A pipe whose beginning has failed must not look like a cluster where nothing runs."""
    with pytest.raises(UsageError, match="nothing would be protected"):
        parse_in_use(text)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "{", '{"items": [1]}', '{"items": 3}', '{"items": [{"spec": {"containers": [1]}}]}']
)
def test_in_use_of_another_make(text: str) -> None:
    """JSON that is no list of pods is refused: nothing may be left unprotected in silence."""
    with pytest.raises(UsageError):
        parse_in_use(text)
