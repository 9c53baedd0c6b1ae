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
    """JSON that is not a list of pods is refused: nothing may be left unprotected in silence."""
    with pytest.raises(UsageError):
        parse_in_use(text)


WRITTEN = f"r.example/shop/web@sha256:{HEX}"
PLACES = {
    "a volume of a pod": {
        "spec": {"volumes": [{"name": "m", "image": {"reference": WRITTEN, "pullPolicy": "Always"}}]}
    },
    "a volume of a template": {
        "spec": {
            "template": {"spec": {"containers": [{"image": "b:1"}], "volumes": [{"image": {"reference": WRITTEN}}]}}
        }
    },
    "a step of a pipeline": {"spec": {"steps": [{"name": "build", "image": WRITTEN}]}},
    "a field of a custom resource": {"spec": {"deep": [{"er": {"predictorImage": WRITTEN}}]}},
    "an environment variable": {"spec": {"containers": [{"env": [{"name": "RELATED_IMAGE_X", "value": WRITTEN}]}]}},
    "an argument": {"spec": {"containers": [{"args": ["run", f"--sidecar={WRITTEN}", "-v"]}]}},
    "an annotation that is JSON": {"metadata": {"annotations": {"last": json.dumps({"spec": [{"image": WRITTEN}]})}}},
    "a ConfigMap that is YAML": {"data": {"agent.yaml": f"containers:\n  - image: {WRITTEN}\n    command: [sh]\n"}},
    "a node": {"status": {"images": [{"names": [WRITTEN, "r.example/shop/web:1"], "sizeBytes": 5}]}},
    "a chart": {"spec": {"url": f"oci://{WRITTEN}"}},
    "a trigger": {"spec": {"triggers": [{"imageChangeParams": {"lastTriggeredImage": WRITTEN}}]}},
    "pieces": {"spec": {"image": {"registry": "r.example", "repository": "shop/web", "digest": f"sha256:{HEX}"}}},
    "pieces of a kustomization": {
        "spec": {"images": [{"name": "web", "newName": "r.example/shop/web", "digest": HEX}]}
    },
}


@pytest.mark.parametrize("node", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("form", ["an object", "a list", "lists one after the other"])
def test_whatever_names_an_image_in_an_object(node: dict[str, object], form: str) -> None:
    """Wherever it stands, in whatever kind of object."""
    listed = json.dumps({"kind": "List", "items": [{"kind": "Thing", **node}]})
    text = {"an object": json.dumps(node), "a list": listed, "lists one after the other": f"{EMPTY}\n{listed}\n{EMPTY}"}
    found = parse_in_use(text[form])
    assert Reference("shop/web", None, f"sha256:{HEX}") in [reference._replace(is_mention=False) for reference in found]


EMPTY = '{"kind": "List", "items": []}'


def test_an_image_without_a_tag_within_a_text() -> None:
    """It is `latest`, as everywhere."""
    config = {"data": {"pod.yaml": "spec:\n  containers:\n  - name: x\n    image: shop/web\n"}}
    assert parse_in_use(json.dumps(config)) == [Reference("shop/web", "latest", None, is_mention=True)]


def test_what_is_not_an_image_where_one_belongs() -> None:
    """A variable in a template leads nowhere, and is noted; it does not stop the plan."""
    pod = {"spec": {"containers": [{"image": "$(params.image)"}, {"image": "shop/web:1"}]}}
    assert Reference("$(params.image)", "latest", None) in parse_in_use(json.dumps(pod))


@pytest.mark.parametrize(
    "text",
    [
        "NAMESPACE   NAME    READY   STATUS\ndefault     web-1   1/1     Running",
        "apiVersion: v1\nkind: List\nitems:\n- spec:\n    containers:\n    - image: shop/web:1",
        "No resources found",
        json.dumps({"kind": "List", "items": [{"kind": "Namespace", "metadata": {"name": "default"}}]}),
    ],
    ids=["a table", "YAML", "a message", "objects without images"],
)
def test_what_names_no_image_is_refused(text: str) -> None:
    """Nothing may be left unprotected in silence."""
    with pytest.raises(UsageError):
        parse_in_use(text)
