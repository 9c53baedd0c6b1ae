#!/usr/bin/env python3
"""Write docs/reference/licences.md, what tonnage brings along and under which licences; with `--check`, compare only.

Read from the metadata of what is installed in .venv. Of a package that only another Python or system needs, the document
keeps the row that it has.
"""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, files, metadata, requires
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "licences.md"
PERMISSIVE = re.compile(r"\b(MIT|BSD|0BSD|Apache|PSF|ISC)\b")
"""What may be given on together with a program under Apache-2.0."""
BINDING = re.compile(r"\b(A|L)?GPL")
PYTHONS = ("3.11", "3.12", "3.13")
LINUX: dict[str, str] = dict(default_environment())
CHAPTERS = {
    "": "What is always installed",
    "aws-profile": "With the extra `aws-profile`",
    "postgresql": "With the extra `postgresql`",
    "plan": "With the extra `plan`",
    "spark": "With the extra `spark`",
    "dev": "What only developers install",
}
"""By extra. Each lists what the ones before it do not have."""
NOT_IN_VENV = {"pyspark": {"py4j"}}
"""What packages need that .venv does not have: tests find them in .spark. Their rows are written by hand."""

HEAD = """<!-- Written by scripts/licences.py; `make docs` rewrites it. -->
# Licences

tonnage is under [Apache-2.0](../../LICENSE).
It contains nothing of others; an installation brings these packages along, the image only what is always installed.
What is compiled into a package, such as libpq into the driver for PostgreSQL, has its licence in that package.
"""


def main() -> None:
    """Write the page, or with `--check` say if it is stale; in both cases name licences that do not fit, and exit with 1."""
    known = dict(re.findall(r"^\| `(.+)` \| (.+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)) if PAGE.exists() else {}
    chapters = {extra: {name: licence(name) or known.get(name, "") for name in names} for extra, names in packages()}
    wrong = [fault for extra, found in chapters.items() for fault in faults(extra, found)]
    text = page(chapters)
    if "--check" not in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        wrong.append("docs/reference/licences.md is stale: make docs")
    for fault in wrong:
        print(fault, file=sys.stderr)
    sys.exit(1 if wrong else 0)


def packages() -> Iterator[tuple[str, list[str]]]:
    """Yield each extra, or nothing, with the packages that it brings and none before it."""
    seen = {"tonnage"}
    for extra in CHAPTERS:
        new = sorted(needed("tonnage", extra, set()) - seen)
        seen.update(new)
        yield extra, new


def needed(package: str, extra: str, seen: set[tuple[str, str]]) -> set[str]:
    """Return the names of all that a package needs, with what those need, on Linux and any Python that we run on."""
    found: set[str] = set()
    try:
        wanted = [Requirement(line) for line in requires(package) or []]
    except PackageNotFoundError:
        return found | NOT_IN_VENV.get(package, set())
    for requirement in wanted:
        if not any(applies(requirement, extra, python) for python in PYTHONS):
            continue
        name = canonicalize_name(requirement.name)
        found.add(name)
        for inner in ("", *requirement.extras):
            if (name, inner) not in seen:
                seen.add((name, inner))
                found |= needed(name, inner, seen)
    return found


def applies(requirement: Requirement, extra: str, python: str) -> bool:
    """Return whether a requirement holds on a Linux with that Python."""
    if requirement.marker is None:
        return True
    return requirement.marker.evaluate(
        LINUX | {"python_version": python, "python_full_version": f"{python}.0", "extra": extra}
    )


def licence(package: str) -> str:
    """Return what a package says of its licence, in a few words; nothing if it is not installed or says nothing."""
    try:
        fields = metadata(package)
    except PackageNotFoundError:
        return ""
    if expression := fields["License-Expression"]:
        return expression
    classifiers = [line for line in fields.get_all("Classifier", []) if line.startswith("License ::")]
    if named := [line.split(" :: ")[-1] for line in classifiers if line != "License :: OSI Approved"]:
        return ", ".join(named)
    return (fields["License"] or first_line(package)).split("\n")[0][:60]


def first_line(package: str) -> str:
    """Return the first line of a package's licence, which is its name; nothing if it brings none."""
    for file in files(package) or []:
        if re.match(r"(LICEN[CS]E|COPYING)", file.name) and (lines := file.read_text().strip().splitlines()):
            return lines[0]
    return ""


def faults(extra: str, found: dict[str, str]) -> Iterator[str]:
    """Yield what does not fit: a licence that nobody says, or one that binds what is installed beside it."""
    for name, said in found.items():
        if not said:
            yield f"{name} does not say its licence"
        elif extra != "dev" and (BINDING.search(said) or not PERMISSIVE.search(said)):
            yield f"{name} is under {said}, which does not go with Apache-2.0"


def page(chapters: dict[str, dict[str, str]]) -> str:
    """Return the document."""
    text = HEAD
    for extra, found in chapters.items():
        rows = "".join(f"| `{name}` | {said} |\n" for name, said in found.items())
        text += f"\n## {CHAPTERS[extra]}\n\n| Package | Licence |\n|---|---|\n{rows}" if rows else ""
    return text


if __name__ == "__main__":
    main()
