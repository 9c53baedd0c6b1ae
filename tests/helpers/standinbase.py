"""Bases for the container file that need no download: this machine's Python, some programs, and the libraries of both.

The real bases are named by digest in deploy/Containerfile; here its steps and its result are tried, not those.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

_PROGRAMS = ("sed", "env", "mkdir")
"""What the first stage calls, beside Python."""
_NOT_NEEDED = ("test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "__pycache__", "config-*", "*.a")
_ACCOUNTS = "root:x:0:0:root:/root:/none\nnonroot:x:65532:65532:nonroot:/home/nonroot:/none\n"
_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")
_OF_THE_BASE = (
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
    "libstdc++.so.6",
    "libutil.so.1",
)
"""A base has the libraries of C and C++ whole; this machine's Python need not need all of them, as wheels do."""


def make_root(root: Path) -> None:
    """Fill a folder with what a base has: Python with pip where it is here and as /usr/bin/python3, and no shell."""
    python = Path(sys.base_prefix)
    library = Path(sysconfig.get_path("stdlib", vars={"installed_base": str(python), "base": str(python)}))
    _copy_tree(library, root, ignore=(*_NOT_NEEDED, "site-packages"))
    for packages in {Path(path) for path in _packages(python)}:
        for part in packages.glob("pip*"):
            _copy_tree(part, root, ignore=("__pycache__",))
    program = (python / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}").resolve()
    programs = [Path(found).resolve() for name in _PROGRAMS if (found := shutil.which(name))]
    for path in (program, *programs, *_libraries([program, *programs, *library.rglob("*.so")])):
        _copy(path, root)
    for name, target in (("python3", program), *zip(_PROGRAMS, programs, strict=True)):
        link = root / "usr" / "bin" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.symlink_to(target)
    for folder, mode in (("tmp", 0o1777), ("proc", 0o755), ("dev", 0o755), ("etc", 0o755), ("home/nonroot", 0o755)):
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder).chmod(mode)
    (root / "etc" / "passwd").write_text(_ACCOUNTS)
    for folder in root.rglob("*"):
        if folder.is_dir() and not folder.is_symlink() and folder.name != "tmp":
            folder.chmod(0o755)  # what is root's here may be read by the image's user


def _packages(python: Path) -> list[str]:
    command = "import pip, pathlib; print(pathlib.Path(pip.__file__).parent.parent)"
    done = subprocess.run([python / "bin" / "python3", "-c", command], capture_output=True, text=True, check=True)
    return done.stdout.split()


def _libraries(files: Iterable[Path]) -> set[Path]:
    """Return the shared libraries that files need, the loader with them, under the names they are looked for."""
    done = subprocess.run(["ldd", *map(str, files)], capture_output=True, text=True, check=False)
    found = {Path(path) for path in _LIBRARY.findall(done.stdout)}
    homes = {path.parent for path in found if path.name == "libc.so.6"}
    return found | {home / name for home in homes for name in _OF_THE_BASE if (home / name).exists()}


def _copy(path: Path, root: Path) -> None:
    target = root / path.relative_to("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        shutil.copy2(path, target)


def _copy_tree(path: Path, root: Path, ignore: tuple[str, ...]) -> None:
    target = root / path.relative_to("/")
    shutil.copytree(path, target, ignore=shutil.ignore_patterns(*ignore), symlinks=True, dirs_exist_ok=True)


def library_path() -> dict[str, str]:
    """Return what this machine's Python has to be told of where its own library is, as built by hand it may have."""
    return {"LD_LIBRARY_PATH": f"{os.path.join(sys.base_prefix, 'lib')}"}
