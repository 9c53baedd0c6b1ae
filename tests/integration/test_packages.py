"""Wheel and sdist: the same bytes each time, nothing in them that does not belong, and all that a bare Python needs."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path, PurePosixPath

import pytest

from tonnage import __version__

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
UV = ROOT / ".uv" / "bin" / "uv"
WHEEL, SDIST = f"tonnage-{__version__}-py3-none-any.whl", f"tonnage-{__version__}.tar.gz"


def done(*command: str | Path, **environment: str) -> str:
    """Run a command that has to succeed; return what it printed."""
    run = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **environment}, timeout=240
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def index_settings() -> dict[str, str]:
    """Return what uv has to be told of where packages come from here, as scripts/uv.sh tells it."""
    asked = "source scripts/uv.sh && echo ${UV_DEFAULT_INDEX:-}"
    index = done("bash", "-c", asked).strip()
    return {"UV_SYSTEM_CERTS": "1", **({"UV_DEFAULT_INDEX": index} if index else {})}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with wheel and sdist."""
    folder = tmp_path_factory.mktemp("dist")
    done(ROOT / "scripts" / "build.sh", folder)
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with nothing in it but the wheel and what that needs."""
    python = tmp_path_factory.mktemp("bare") / "bin" / "python"
    done(UV, "venv", "--quiet", "--python", sys.executable, python.parents[1])
    install = [UV, "pip", "install", "--quiet", "--constraint", "constraints.txt", "--python", python]
    done(*install, built / WHEEL, **index_settings())
    return python


def files_of_the_clone(*below: str) -> set[str]:
    """Return what git has, or would have, below these."""
    return set(done("git", "ls-files", "--cached", "--others", "--exclude-standard", *below).splitlines())


def test_two_builds_have_the_same_bytes(built: Path, tmp_path: Path) -> None:
    """Also where all files are of another time."""
    done(ROOT / "scripts" / "build.sh", tmp_path / "again")
    assert sorted(path.name for path in built.glob("tonnage-*")) == [WHEEL, SDIST]
    for name in (WHEEL, SDIST):
        assert (built / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_an_index_would_take_them(built: Path) -> None:
    """Neither the index's own checker nor one of wheels has a word to say.

    W004 is about cli/import.py: it is named as its command, and a name that is a keyword can be imported by importlib alone.
    """
    done(BIN / "twine", "check", "--strict", built / WHEEL, built / SDIST)
    done(BIN / "check-wheel-contents", "--ignore", "W004", built / WHEEL)


def test_nothing_is_in_them_that_does_not_belong(built: Path) -> None:
    """The wheel has the package and its metadata, the sdist what a wheel is built from: what git has, file for file."""
    source = files_of_the_clone("src/tonnage")
    assert "src/tonnage/py.typed" in source
    with zipfile.ZipFile(built / WHEEL) as wheel:
        packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert packed == {name.removeprefix("src/") for name in source}
    rest = {"CHANGELOG.md", "LICENSE", "README.md", "README.zh-CN.md", "constraints.txt", "pyproject.toml"}
    with tarfile.open(built / SDIST) as sdist:
        packed = {str(PurePosixPath(*PurePosixPath(name).parts[1:])) for name in sdist.getnames()}
    assert packed == source | rest | {"PKG-INFO", ".gitignore"}


def test_the_metadata_is_complete(built: Path) -> None:
    """Who, under which licence, where, on which Python; and the page of an index has no link into a clone."""
    with zipfile.ZipFile(built / WHEEL) as wheel:
        metadata = Parser().parsestr(wheel.read(f"tonnage-{__version__}.dist-info/METADATA").decode())
    assert (metadata["Author"], metadata["License-Expression"]) == ("the tonnage maintainers", "Apache-2.0")
    assert metadata["Requires-Python"] == ">=3.11"
    named = {line.partition(",")[0] for line in metadata.get_all("Project-URL", [])}
    assert named == {"Homepage", "Documentation", "Source", "Issues", "Changelog"}
    classifiers = set(metadata.get_all("Classifier", []))
    assert {f"Programming Language :: Python :: 3.{minor}" for minor in (11, 12, 13)} <= classifiers
    page = metadata.get_payload()
    assert "](https://" in page and "](docs/" not in page and "](LICENSE" not in page


def test_a_bare_python_runs_the_demo(installed: Path, tmp_path: Path) -> None:
    """One command after the wheel is installed."""
    shown = done(installed.with_name("tonnage"), "demo", tmp_path / "demo")
    assert "ml/training" in shown


def test_make_install_gives_a_command_with_completion(tmp_path: Path) -> None:
    """In the places of the user who calls it, and nowhere else."""
    home, cache = tmp_path / "home", done(UV, "cache", "dir").strip()
    done("scripts/install.sh", "aws-profile", HOME=str(home), UV_CACHE_DIR=cache, XDG_DATA_HOME="", XDG_BIN_HOME="")
    assert done(home / ".local" / "bin" / "tonnage", "--version") == f"tonnage, version {__version__}\n"
    share = home / ".local" / "share"
    assert "complete" in (share / "bash-completion" / "completions" / "tonnage").read_text()
    assert (share / "man" / "man1" / "tonnage.1").read_text().startswith(".")
    done(share / "uv" / "tools" / "tonnage" / "bin" / "python", "-c", "import boto3")


def test_a_hint_about_an_extra_works_when_copied(installed: Path) -> None:
    """It names the packages that the extra stands for, on no index by our name, and the environment that lacks them."""
    scan = [installed.with_name("tonnage"), "scan", "s3://bucket", "--profile", "backup"]
    run = subprocess.run(scan, capture_output=True, text=True, cwd=installed.parent)
    *command, package = shlex.split(run.stderr.partition("hint: ")[2])
    assert command == ["uv", "pip", "install", "--python", str(installed)], run.stderr
    done(UV, *command[1:], "--constraint", "constraints.txt", package, **index_settings())
    done(installed, "-c", "import boto3")
