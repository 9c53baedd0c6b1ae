"""Places that cannot be looked at, bytes that are not text, odd settings and streams: a message, and never a traceback."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from tonnage.cli import main
from tonnage.errors import EXIT_CODES

pytestmark = pytest.mark.slow

COMMANDS = (
    "-i PLACE", "apply PLACE", "check --limits PLACE", "check -i PLACE", "demo PLACE", "diff GOOD PLACE",
    "diff PLACE GOOD", "doctor --config PLACE", "doctor -i PLACE", "export --to parquet PLACE", "export PLACE",
    "export PLACE/x", "exporter PLACE --web-config PLACE", "gc -i PLACE", "image app:1 -i PLACE",
    "import PLACE -i new.duckdb", "import lake -i PLACE", "leftovers -i PLACE", "load PLACE -i new.duckdb",
    "ncdu -i PLACE", "page -o PLACE", "page -i PLACE", "plan --policy PLACE", "plan app -o PLACE", "pulls PLACE",
    "report PLACE", "scan PLACE", "scan STORAGE -i PLACE", "scan STORAGE --keys PLACE -i new.duckdb",
    "scan STORAGE --pulls PLACE -i new.duckdb", "serve -i PLACE", "sql -i PLACE 'select 1'", "tags --tags-from PLACE",
    "tags -i PLACE", "tags -i PLACE -i GOOD", "tags -o PLACE", "undo PLACE", "verify PLACE", "verify-blobs -i PLACE",
    "web PLACE", "what-if app -i PLACE",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(demo_inventory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an inventory, a file, and a symbolic link that leads to itself."""
    folder = tmp_path_factory.mktemp("places")
    (folder / "good.duckdb").write_bytes(demo_inventory.read_bytes())
    (folder / "file").write_text("a file")
    (folder / "loop").symlink_to("loop")
    return folder


def run(words: str, place: str) -> object:
    """Run a command with the place in it; return its exit code."""
    given = [
        {"GOOD": "good.duckdb", "STORAGE": "."}.get(word, word.replace("PLACE", place).strip("'"))
        for word in words.replace("'select 1'", "from_tag").split()
    ]
    with pytest.raises(SystemExit) as ended:
        main([word.replace("from_tag", "from tag") for word in given])
    return ended.value.code


@pytest.mark.parametrize("command", COMMANDS)
def test_a_place_that_cannot_be_looked_at(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its name is too long, it lies below a file, or leads to itself."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TONNAGE_INVENTORY", "good.duckdb")
    for place in ("a" * 300, "file/it", "loop", "loop/it"):
        code = run(command, place)
        said = capsys.readouterr().err
        assert code in EXIT_CODES and code not in (0, 3), (place, said)
        assert "tonnage: " in said and "Traceback" not in said


@pytest.mark.parametrize(
    "command",
    [
        "sql TEXT", "sql tag --where TEXT", "tables --where TEXT", "tags --repository TEXT", "tags --tag TEXT",
        "tags --where TEXT", "tags --sort TEXT", "tags --columns TEXT", "layers --min-size TEXT",
        "problems --kind TEXT", "why TEXT", "image TEXT", "files TEXT", "what-if TEXT", "plan TEXT",
        "plan --keep TEXT", "check --where TEXT", "costs --price TEXT", "explain TEXT", "tags -i postgresql://TEXT/x",
        "scan s3://TEXT --anonymous --endpoint http://127.0.0.1:1", "scan TEXT://x", "scan . --keys TEXT://x",
        "scan . --keys postgresql://x", "scan . --keys file:///x",
    ],
)  # fmt: skip
def test_bytes_that_are_not_text(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bytes of another encoding, as the system hands them on."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TONNAGE_INVENTORY", "good.duckdb")
    with pytest.raises(SystemExit) as ended:
        main([word.replace("TEXT", "\udcff") for word in command.split()])
    assert ended.value.code in EXIT_CODES and ended.value.code not in (0, 3)
    assert "tonnage: " in capsys.readouterr().err


SCAN_BUCKET = "scan s3://bucket/x -i new.duckdb --endpoint http://127.0.0.1:1 --timeout 1"


@pytest.mark.parametrize(
    ("command", "settings"),
    [
        ("tags", {"TONNAGE_INVENTORY": "postgresql://\udcff/x"}),
        ("tags", {"TONNAGE_INVENTORY": "s3://\udcff/x"}),
        (SCAN_BUCKET, {"AWS_REGION": "\udcff"}),
        (SCAN_BUCKET, {"AWS_ACCESS_KEY_ID": "\udcff", "AWS_SECRET_ACCESS_KEY": "b"}),
        ("scan s3://bucket/x -i new.duckdb --anonymous --endpoint \udcff", {}),
        ("scan az://c/x -i new.duckdb", {"AZURE_STORAGE_ACCOUNT_NAME": "\udcff"}),
        ("scan gs://b/x -i new.duckdb", {"GOOGLE_APPLICATION_CREDENTIALS": "loop"}),
        ("scan gs://b/x -i new.duckdb", {"GOOGLE_APPLICATION_CREDENTIALS": "file"}),
        (
            "tags --tags-from http://127.0.0.1:1",
            {"TONNAGE_REGISTRY_USER": "\udcff", "TONNAGE_REGISTRY_PASSWORD": "\udcff"},
        ),
        (
            "tags --tags-from http://127.0.0.1:1",
            {"HTTP_PROXY": "\udcff", "http_proxy": "\udcff", "HTTPS_PROXY": "\udcff"},
        ),
        ("tags --tags-from http://127.0.0.1:1", {"HTTPS_PROXY": "ftp://x"}),
        ("tags --tags-from http://127.0.0.1:1", {"HTTPS_PROXY": "http://[::"}),
        ("tags --tags-from http://127.0.0.1:1", {"ALL_PROXY": "socks5h://127.0.0.1:1", "NO_PROXY": "127.0.0.1"}),
        ("tags --tags-from http://127.0.0.1:1", {"SSL_CERT_FILE": "nothing"}),
        ("scan https://127.0.0.1:1/ -i new.duckdb", {"SSL_CERT_FILE": "/etc/passwd"}),
    ],
)
def test_odd_settings(
    command: str,
    settings: dict[str, str],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In the environment as in an option: no traceback, and no password."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TONNAGE_INVENTORY", "good.duckdb")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        main(command.split())
    said = capsys.readouterr().err
    assert ended.value.code in EXIT_CODES and ended.value.code not in (0, 3) and "tonnage: " in said


def test_a_folder_for_what_does_not_fit_is_text(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else it is another."""
    monkeypatch.setenv("TMPDIR", "\udcff")
    with pytest.raises(SystemExit) as ended:
        main(["layers", "-i", str(folder / "good.duckdb"), "--limit", "1"])
    assert not ended.value.code and "1 of " in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    ["layers -i .", "scan .", "scan STORAGE", "layers -o x.csv", "plan app -o x.json", "export x", "ncdu -o x"],
)
def test_the_current_folder_is_gone(
    command: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A message, wherever that folder is needed."""
    monkeypatch.setenv("TONNAGE_INVENTORY", str(folder / "good.duckdb"))
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(SystemExit) as ended:
        main([{"STORAGE": str(folder)}.get(word, word) for word in command.split()])
    assert ended.value.code in EXIT_CODES and ended.value.code not in (0, 3)
    assert "tonnage: " in capsys.readouterr().err


@pytest.mark.parametrize("command", ["sql -", "explain -", "apply - --registry http://127.0.0.1:1"])
def test_nothing_to_read(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether stdin is closed or holds bytes that are not text."""
    monkeypatch.setenv("TONNAGE_INVENTORY", str(folder / "good.duckdb"))
    for stdin in (None, io.StringIO("\udcff")):
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(SystemExit) as ended:
            main(command.split())
        assert ended.value.code in EXIT_CODES and ended.value.code not in (0, 3)
        assert "tonnage: " in capsys.readouterr().err
