#!/usr/bin/env python3
"""Say what of the clone does not fit together for a release; exit with 1 if anything does not.

scripts/release_check.py                  what can be said at any time
scripts/release_check.py --publish v0.1.0 and what only a release has to have: its tag, its entry, its addresses
scripts/release_check.py --notes          print the changelog's entry of this version
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def main() -> None:
    """Print each fault as a line, or the notes."""
    if "--notes" in sys.argv:
        print(entry(version()))
        return
    found = [*stale(), *versions(), *links(), *translations(), *images()]
    if "--publish" in sys.argv:
        found += unpublished(sys.argv[sys.argv.index("--publish") + 1])
    for fault in found:
        print(fault, file=sys.stderr)
    sys.exit(1 if found else 0)


def read(name: str) -> str:
    """Return the text of a file of the clone."""
    return (ROOT / name).read_text(encoding="utf-8")


def version() -> str:
    """Return the version, from its one place."""
    found = re.search(r'^__version__ = "(.+)"', read("src/tonnage/__init__.py"), re.MULTILINE)
    assert found, "src/tonnage/__init__.py has no __version__"
    return found[1]


def entry(wanted: str) -> str:
    """Return what the changelog says of a version, or nothing."""
    found = re.search(
        rf"^## {re.escape(wanted)}\b[^\n]*\n(.*?)(?=^## |\Z)", read("CHANGELOG.md"), re.MULTILINE | re.DOTALL
    )
    return found[1].strip() if found else ""


def stale() -> Iterator[str]:
    """Yield what is generated or locked and no longer follows from its source."""
    for script in ("generate_docs.py", "generate_deploy.py", "lock.py", "licences.py"):
        run = subprocess.run([sys.executable, ROOT / "scripts" / script, "--check"], capture_output=True, text=True)
        if run.returncode:
            yield (run.stdout + run.stderr).strip()


def versions() -> Iterator[str]:
    """Yield files that name another version of tonnage, and a changelog that has no entry for this one."""
    if not entry(version()):
        yield f"CHANGELOG.md has no entry for {version()}"
    for name in ("README.md", "README.zh-CN.md", "docs/how-to/install.md"):
        for other in set(re.findall(r"tonnage-(\d[\d.]*\d)", read(name))) - {version()}:
            yield f"{name} names version {other}, this is {version()}"


def links() -> Iterator[str]:
    """Yield links of documents that lead to no file of the clone."""
    tracked = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in tracked.splitlines():
        for target in LINK.findall(FENCED.sub("", read(name))):
            if not (ROOT / name).parent.joinpath(target).exists():
                yield f"{name} links to {target}, which is not there"


def translations() -> Iterator[str]:
    """Yield where the two READMEs differ in sections or in what they have you run, and words of the page without Chinese."""
    english, chinese = read("README.md"), read("README.zh-CN.md")
    if len(re.findall(r"^## ", english, re.MULTILINE)) != len(re.findall(r"^## ", chinese, re.MULTILINE)):
        yield "README.zh-CN.md has other sections than README.md"
    for block in re.findall(r"^```sh\n.*?^```", english, re.MULTILINE | re.DOTALL):
        if block not in chinese:
            yield f"README.zh-CN.md lacks {block!r}"
    words = [tomllib.loads(read(f"src/tonnage/web/words/{language}.toml")) for language in ("en", "zh-CN")]
    for missing in sorted(keys(words[0]) - keys(words[1])):
        yield f"src/tonnage/web/words/zh-CN.toml lacks {missing}"


def keys(table: dict[str, object], prefix: str = "") -> set[str]:
    """Return the paths of all texts of a TOML table; one in singular and plural, which Chinese has not, is one text."""
    found = set()
    for name, value in table.items():
        if isinstance(value, dict) and not value.keys() & {"one", "other"}:
            found |= keys(value, f"{prefix}{name}.")
        else:
            found.add(f"{prefix}{name}")
    return found


def images() -> Iterator[str]:
    """Yield bases of the container without a digest, and other images of deploy/ without a tag."""
    for base in re.findall(r"^FROM (\S+)", read("deploy/Containerfile"), re.MULTILINE):
        if not re.search(r"@sha256:[0-9a-f]{64}$", base):
            yield f"deploy/Containerfile: {base} has no digest"
    for path in sorted((ROOT / "deploy").rglob("*.yaml")):
        for image in re.findall(r"^\s*image: ([\w./:@-]+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            own = image.split(":")[0] == "tonnage"
            if not own and (":" not in image or image.endswith(":latest")):
                yield f"{path.relative_to(ROOT)}: {image} has no version"


def unpublished(tag: str) -> Iterator[str]:
    """Yield what keeps this from being published under a tag."""
    if tag != f"v{version()}":
        yield f"the tag is {tag}, the version {version()}"
    addresses = tomllib.loads(read("pyproject.toml"))["project"]["urls"]
    for name, address in addresses.items():
        if "example.com" in address:
            yield f"pyproject.toml: the address of {name} is nobody's, {address}"
    for name in ("pyproject.toml", "mkdocs.yml"):
        if "git.example.com" in read(name):
            yield f"{name} has links to git.example.com, which is nobody's"


if __name__ == "__main__":
    main()
