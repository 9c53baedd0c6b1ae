"""`tonnage doctor`: each illness is found in its line, and every command it names works when copied."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from scanning import scan_tree
from tonnage.checks.doctor import examine
from tonnage.checks.findings import Finding, State, exit_code_of, to_text
from tonnage.cli import main
from tonnage.cli.registry_config import _is_scanned
from tonnage.formats.registry_config import parse_registry_config
from tonnage.inventory.database import Inventory
from tonnage.sample import Builder

pytestmark = pytest.mark.slow

SAFE = ["collection 2.x", "collection 3.x"]
RISKY = ["collection 2.x -m", "collection 3.x -m"]


def break_link(registry: Builder) -> None:
    """Leave a link empty, as a full disk does: every collection stops at it."""
    next((registry.v2 / "repositories").rglob("revisions/*/*/link")).write_bytes(b"")


def lose_tags(registry: Builder) -> None:
    """Leave what OpenShift has: revisions, and no folder of tags."""
    for folder in (registry.v2 / "repositories").rglob("_manifests/tags"):
        shutil.rmtree(folder)


ILLNESSES: dict[str, tuple[Callable[[Builder], object], list[str]]] = {
    "none": (lambda registry: None, []),
    "blocked": (break_link, [*SAFE, *RISKY, "tags"]),
    "unpurged": (
        lambda registry: registry.repository("app").upload(
            size_bytes=9, started=datetime.now() - timedelta(days=30)
        ),
        ["upload purging"],
    ),
    "tags elsewhere": (lose_tags, [*RISKY, "tags"]),
    "cache": (lambda registry: registry.write(registry.root / "scheduler-state.json", b"{}"), ["cache"]),
    "unmounted": (
        lambda registry: shutil.rmtree(registry.v2 / "blobs" / "sha256"), ["storage", "collection", "tags"],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The inventories of a small registry, whole and with each illness: to be read, never changed."""
    found = {}
    for name, (spoil, _) in ILLNESSES.items():
        folder = tmp_path_factory.mktemp("a registry")
        registry = Builder(folder / "registry")
        for tag in "12":
            registry.repository("app").image([registry.layer(tag.encode())], tag=tag)
        spoil(registry)
        scan_tree(registry.root, folder / "tonnage.duckdb")
        found[name] = folder / "tonnage.duckdb"
    return found


def examined(path: Path, mounted: str = "relatime") -> list[Finding]:
    """Return the findings."""
    with Inventory(str(path)) as inventory:
        return examine(inventory, mounted=mounted, ending=f" -i {shlex.quote(str(path))}")


@pytest.mark.parametrize("name", ILLNESSES)
def test_each_illness_has_its_line(name: str, places: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing else is called ill; each line that is not fine has a next step, and a command can be run as it stands."""
    findings = [found for found in examined(places[name]) if found.question != "access times"]
    ill = [found for found in findings if found.state is not State.FINE]
    assert sorted(found.question for found in ill) == sorted(ILLNESSES[name][1])
    assert all(found.advice or found.command for found in ill)
    assert exit_code_of(findings, delete_untagged=True) == (29 if ill else 0)
    for found in [found for found in ill if found.command][:1]:
        if found.command:
            assert found.command in to_text(findings, 40)
            words = shlex.split(found.command)
            with pytest.raises(SystemExit) as ended:
                main(words[1:])
            assert words[0] == "tonnage" and ended.value.code in (None, 0), capsys.readouterr().err


def test_what_is_unknown_is_not_fine(places: dict[str, Path], tmp_path: Path) -> None:
    """Over HTTP, without a search for strays, and of uses where the mount notes none."""
    changes = {
        "kind = 'registry', has_files = false, has_untagged = false": [
            "storage", "collection", "upload purging", "tags", "cache",
        ],
        "kind = 'storage'": ["storage"],
    }  # fmt: skip
    for change, unknown in changes.items():
        path = tmp_path / "other.duckdb"
        shutil.copy(places["none"], path)
        with duckdb.connect(str(path)) as database:
            database.execute(f"update store.source set {change}; update store.scan set is_searched = false")
        findings = examined(path, "noatime")
        assert [found.question for found in findings if found.state is State.UNKNOWN] == [*unknown, "access times"]
        assert exit_code_of(findings) == 29


def test_the_command(places: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Its exit code is about the collection that is meant."""

    def call(*words: str) -> tuple[object, str]:
        with pytest.raises(SystemExit) as ended:
            main(["doctor", *words])
        return ended.value.code or 0, capsys.readouterr().out

    elsewhere = str(places["tags elsewhere"])
    code, out = call("-i", str(places["none"]), "--collector", "3", "--json")
    assert code == 0
    assert {row["question"] for row in json.loads(out)} >= {"storage", "collection 3.x", "collection 3.x -m", "tags"}
    assert call("-q", "-i", str(places["none"]), "-m") == (0, "")
    code, out = call("-i", elsewhere)
    assert code == 29 and "it would take all images" in out


# --- the registry's own configuration ---------------------------------------------------------------------------------


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, str, str]:
    """Call the command; return how it ends, and what it says."""
    with pytest.raises(SystemExit) as ended:
        main(["doctor", *words])
    return ended.value.code or 0, *capsys.readouterr()


def configuration(place: Path, more: str = "", storage: str = "") -> str:
    """Return a configuration for the registry beside an inventory."""
    storage = storage or f"filesystem: {{rootdirectory: '{place.parent / 'registry'}'}}"
    return f"version: 0.1\nstorage:\n  {storage}\n{more}"


READ_ONLY = "  maintenance:\n    readonly: {enabled: true}\n"
PURGING = "  maintenance:\n    uploadpurging: {enabled: %s, age: %s, interval: 24h, dryrun: %s}\n"
ON = "  delete: {enabled: true}\n"
SETTINGS: dict[str, tuple[str, str, dict[str, str]]] = {
    "as it comes": ("none", "", {"deletion": "off", "read-only": "off"}),
    "deletion": ("none", ON, {"read-only": "off"}),
    "deletion in quotes": ("none", "  delete: {enabled: 'true'}\n", {"deletion": "off", "read-only": "off"}),
    "read-only": ("none", ON + READ_ONLY, {"deletion": "on, but refused"}),
    "never purged": ("none", ON + PURGING % ("false", "168h", "false"), {"read-only": "off", "upload purging": "off"}),
    "tried out": ("none", ON + PURGING % ("true", "24h", "true"), {"read-only": "off", "upload purging": "a dry run"}),
    "not at work": ("unpurged", ON, {"read-only": "off", "upload purging": "on, after 168h, and yet 1 of 1"}),
    "later": ("unpurged", ON + PURGING % ("true", "2000h", "false"), {"read-only": "off"}),
    "cache": (
        "none", ON + "proxy: {remoteurl: 'https://me:secret@hub.example.com'}\n", {"read-only": "off", "cache": "by its"},
    ),
}  # fmt: skip
"""What is said in the configuration, and what is then not fine, with the beginning of its line."""


@pytest.mark.parametrize("name", SETTINGS)
def test_each_setting_has_its_line(
    name: str, places: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is not fine has a next step; the exit code is still about the collection; no login is shown."""
    illness, more, expected = SETTINGS[name]
    config = tmp_path / "config.yml"
    config.write_text(configuration(places[illness], more))
    words = ("-i", str(places[illness]), "--config", str(config), "--json")
    code, out, _ = call(capsys, *words)
    rows = [row for row in json.loads(out) if row["question"] != "access times"]
    assert {row["question"] for row in rows} >= {"configuration", "deletion", "read-only", "redirect"}
    ill = {row["question"]: row for row in rows if row["state"] != "fine"}
    assert sorted(ill) == sorted(expected)
    for question, beginning in expected.items():
        assert ill[question]["finding"].startswith(beginning) and ill[question]["advice"]
    assert code == (29 if {"upload purging", "cache"} & set(expected) else 0)
    assert "secret" not in out


def test_variables_are_laid_over_it(
    places: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a container has them; then it may be of another storage, which is said, and can be read from stdin's place too."""
    (tmp_path / "config.yml").write_text(configuration(places["none"]))
    (tmp_path / "env").write_text(
        "PATH=/bin\n# REGISTRY_STORAGE_DELETE_ENABLED=false\nREGISTRY_STORAGE_DELETE_ENABLED=true\n"
        "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=/var/lib/registry\n"
    )
    words = ("-i", str(places["none"]), "--config", str(tmp_path / "config.yml"), "--config-env", str(tmp_path / "env"))
    code, out, _ = call(capsys, *words, "--json")
    found = {row["question"]: row["state"] for row in json.loads(out)}
    assert (code, found["deletion"], found["configuration"]) == (0, "fine", "unknown")


def test_one_in_etc_is_taken_if_it_is_of_this_storage(
    places: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one of another registry, nor one that is damaged: nobody asked for it."""
    for name, has in (("none", True), ("cache", False), ("", False)):
        text = configuration(places[name]) if name else "version: [0.1"
        (tmp_path / "config.yml").write_text(text)
        monkeypatch.setattr("tonnage.cli.registry_config._PLACES", (str(tmp_path / "config.yml"),))
        _, out, _ = call(capsys, "-i", str(places["none"]), "--json")
        assert ("deletion" in {row["question"] for row in json.loads(out)}) == has


def test_what_is_no_configuration_is_refused(
    places: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its line, and before anything else is said; a few lines that would be gigabytes as well."""
    bomb = "a: &a [x, x]\n" + "".join(f"k{n}: &k{n} [*k{n - 1}, *k{n - 1}]\n" for n in range(1, 40))
    damaged = {
        "version: [0.1": "line 1", "\tversion: 0.1": "line 1", "": "line 1", "- 1": "line 1", bomb: "anchors",
        "[" * 5000: "deeper", "version: 0.1\nstorage: {inmemory: {}, s3: {}}": "line 2", "version: 0.1\nx: \x00": "",
        "x: " + "y" * (1 << 20): "larger", "version: 0.1\nstorage: !!python/object:os.system {}": "tags", "\ud800": "",
        "version: 0.1\nstorage: {inmemory: {}, maintenance: {uploadpurging: {age: 9999999999h, interval: 1h}}}": "168h",
    }  # fmt: skip
    for text, said in damaged.items():
        (tmp_path / "config.yml").write_bytes(text.encode("utf-8", "surrogatepass"))
        code, out, err = call(capsys, "-i", str(places["none"]), "--config", str(tmp_path / "config.yml"))
        assert (code, out) == (2, "") and said in err, (text[:40], err)
    assert "larger" in call(capsys, "-i", str(places["none"]), "--config", "/dev/zero")[2]
    assert call(capsys, "-i", str(places["none"]), "--config-env", "-")[0] == 2
    assert call(capsys, "-i", str(places["none"]), "--config", str(tmp_path / "not there"))[0] == 2


def test_what_is_no_folder_is_another_one(
    places: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name that no folder can have, and a variable that leads deeper than any key: neither ends in an error."""
    (tmp_path / "env").write_text(f"REGISTRY_{'A_' * 5000}B=1\n")
    for root in (r"a\0b", r"\ud800"):
        (tmp_path / "config.yml").write_text(f'version: 0.1\nstorage: {{filesystem: {{rootdirectory: "{root}"}}}}')
        words = ("--config", str(tmp_path / "config.yml"), "--config-env", str(tmp_path / "env"), "--json")
        code, out, err = call(capsys, "-i", str(places["none"]), *words)
        found = {row["question"]: row["state"] for row in json.loads(out)}
        assert (code, found["configuration"], err) == (0, "unknown", "")


def test_a_bucket_is_compared_by_its_name() -> None:
    """And by what its keys begin with."""
    text = "version: 0.1\nstorage: {s3: {bucket: b, rootdirectory: /deep/er}, redirect: {disable: true}}"
    config = parse_registry_config(text, "it", {})
    assert (config.bucket, config.redirects) == ("b", False)
    for location, is_same in (("s3://b/deep/er/docker/registry/v2", True), ("s3://b/docker/registry/v2", False)):
        assert _is_scanned(config, location) == is_same
