#!/usr/bin/env python3
"""Lock what the container is built from, with hashes; with `--check`, say what is stale, without asking an index.

deploy/requirements.txt has what pyproject.toml needs at run time, deploy/requirements-build.txt what builds the wheel, both
in the versions of constraints.txt. Each begins with the requirements it was made from.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
NEEDS = "# needs "


def main() -> None:
    """Write both files, or with `--check` name each reason why one is stale and exit with 1."""
    wanted = locks()
    if "--check" in sys.argv:
        found = [reason for path, needed in wanted.items() for reason in reasons(path, needed)]
        for reason in found:
            print(f"{reason}: make lock", file=sys.stderr)
        sys.exit(1 if found else 0)
    for path, needed in wanted.items():
        path.write_text(locked(needed), encoding="utf-8")
        print(f"{path.relative_to(ROOT)} written")


def locks() -> dict[Path, list[str]]:
    """Return the files, each with the requirements of pyproject.toml that it locks."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        ROOT / "deploy" / "requirements.txt": project["project"]["dependencies"],
        ROOT / "deploy" / "requirements-build.txt": project["build-system"]["requires"],
    }


def reasons(path: Path, needed: list[str]) -> list[str]:
    """Return why a lock is stale: other requirements than it was made from, other versions than are tested."""
    name = str(path.relative_to(ROOT))
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    found = []
    if [line.removeprefix(NEEDS) for line in text.splitlines() if line.startswith(NEEDS)] != needed:
        found.append(f"{name} was made from other requirements than those of pyproject.toml")
    tested = pins((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    return found + [f"{name} has {pin}, which is not in constraints.txt" for pin in sorted(pins(text) - tested)]


def pins(text: str) -> set[str]:
    """Return the `name==version` of a file of requirements.

    >>> sorted(pins("a-b==1.0 ; python_version < '4' \\\\\\n    --hash=sha256:00\\n# c==2\\n"))
    ['a-b==1.0']
    """
    return set(re.findall(r"^([\w.-]+==[^\s;\\]+)", text, re.MULTILINE))


def locked(needed: list[str]) -> str:
    """Return a lock of requirements for every platform, resolved by uv."""
    command = "source scripts/uv.sh && exec $uv pip compile --quiet --universal --python-version 3.11 --generate-hashes"
    command += " --no-header --no-annotate --constraint constraints.txt -"
    run = subprocess.run(
        ["bash", "-euc", command], cwd=ROOT, input="\n".join(needed), text=True, stdout=subprocess.PIPE, check=True
    )
    return "".join(f"{NEEDS}{line}\n" for line in needed) + run.stdout


if __name__ == "__main__":
    main()
