"""How what is optional is added to this installation of tonnage, wherever it came from.

A hint names the packages that an extra stands for, and never `tonnage[extra]`: that is looked up by name on an index, where
the name need not be ours. The packages are those of pyproject.toml, read from the metadata of what is installed.
"""

import re
import shlex
import shutil
import sys
from importlib.metadata import requires
from importlib.util import find_spec
from pathlib import Path


def how_to_add(extra: str) -> str:
    """Return the command that installs what an extra stands for into the environment that this process runs in."""
    return shlex.join([*_installer(), *packages_of(extra)])


def packages_of(extra: str) -> list[str]:
    """Return what an extra stands for, in pip's form.

    >>> packages_of("aws-profile")
    ['boto3>=1.35']
    """
    split = (line.partition(";") for line in requires("tonnage") or ())
    return [
        package.strip() for package, _, marker in split if re.fullmatch(rf" *extra == .{re.escape(extra)}.", marker)
    ]


def _installer() -> list[str]:
    """Return the beginning of the command: pipx's for its own environments, pip where there is one, else uv."""
    if (Path(sys.prefix) / "pipx_metadata.json").exists():
        return ["pipx", "inject", "tonnage"]
    if find_spec("pip"):
        return [sys.executable, "-m", "pip", "install"]
    of_the_clone = Path(sys.prefix).parent / ".uv" / "bin" / "uv"
    uv = str(of_the_clone) if of_the_clone.exists() and not shutil.which("uv") else "uv"
    return [uv, "pip", "install", "--python", sys.executable]
