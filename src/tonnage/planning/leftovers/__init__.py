"""What no collection takes, as a shell script that a person reviews and runs. tonnage itself removes nothing.

The script is for any POSIX shell, as a registry's own container has one. It looks at each path again right before it is
removed: whether it is still old, still dead, still empty, and below the registry's folder without a symbolic link on
the way. Names are quoted, whatever they hold.
"""

import shlex
from importlib.resources import files
from typing import NamedTuple

from tonnage import __version__
from tonnage.errors import UsageError
from tonnage.formats.escapes import native
from tonnage.inventory.database import Inventory
from tonnage.inventory.known import insist, knowledge_of, refuse_doubtful
from tonnage.inventory.statements import statements

_KINDS = {
    "uploads": ("upload", "Uploads that were not written to for {days} days"),
    "layers": ("dead_layer", "Layer links whose blob is gone"),
    "history": ("dead_history", "Entries of tag history whose revision is gone"),
    "repositories": ("empty_repository", "Repositories that nothing can be pulled from"),
}
"""Statement of sql/leftovers -> the function of checks.sh for its paths, and the title over them."""

_HEAD = """\
#!/bin/sh
# What no garbage collection takes from {location},
# as scanned {scanned_at} UTC. Written by tonnage {version}.
#
# 1. Read this script.
# 2. Set the registry to read-only (storage.maintenance.readonly.enabled: true) and restart it, or stop it: what is
#    pushed meanwhile could need what is removed here.
# 3. See what it would do: run it without an argument.
# 4. Let it do that: run it with --remove.
#
# Each path is looked at again right before it is removed. Where the storage is mounted elsewhere: ROOT=/there sh …
# shellcheck disable=SC1003,SC2016 # what looks like code in the names of paths is none
set -u

root=${{ROOT:-{root}}}
days={days}
mode=look
case ${{1-}} in
    '') ;;
    --remove) mode=remove ;;
    *) echo "usage: sh $0 [--remove]" >&2; exit 2 ;;
esac
if ! cd -- "$root" || ! [ -d blobs ] || ! [ -d repositories ]; then
    echo "no registry storage at $root" >&2
    exit 1
fi
root=$(pwd -P)
"""


class Leftovers(NamedTuple):
    """What is left over: paths below `v2/`, by the statements they come from."""

    location: str
    scanned_at: str
    paths: dict[str, list[str]]


def find_leftovers(inventory: Inventory, days: int) -> Leftovers:
    """Return what no collection takes; uploads if nothing was written to them for so many days.

    Raises UsageError, and DoubtfulStorageError where most of the storage is missing.
    """
    insist(inventory, "files", "what is left over")
    refuse_doubtful(inventory)
    if knowledge_of(inventory).kind == "layouts":
        raise UsageError("OCI image layouts have no links to clear away; zot takes old uploads itself")
    ((location, scanned_at),) = inventory.query(statements("gc")["location"].sql).rows
    if "://" in location:
        raise UsageError(
            f"`{location}` is not a disk, and the script is for one",
            "remove stale uploads of a bucket by a lifecycle rule; tonnage leftovers lists the rest",
        )
    values = {"uploads": {"days": days}, "repositories": {"days": days}}
    found = {name: inventory.query(statements("leftovers")[name].sql, values.get(name, {})).rows for name in _KINDS}
    paths = {name: [path for (path,) in rows if _is_below(path)] for name, rows in found.items()}
    return Leftovers(location, f"{scanned_at:%Y-%m-%d %H:%M}", paths)


def script(leftovers: Leftovers, days: int) -> str:
    """Return the script."""
    parts = [
        _HEAD.format(
            location=leftovers.location.encode("unicode_escape").decode(),
            scanned_at=leftovers.scanned_at,
            version=__version__,
            root=shlex.quote(leftovers.location),
            days=days,
        ),
        files(__package__).joinpath("checks.sh").read_text(encoding="utf-8"),
    ]
    for name, (function, title) in _KINDS.items():
        paths = leftovers.paths[name]
        parts.append(f"# {title.format(days=days)}: {len(paths):,}\n")
        parts += [f"{function} {shlex.quote(_on_disk(path))}\n" for path in paths]
    return "".join([*parts, "\nfinish\n"])


def _on_disk(path: str) -> str:
    """Return the path as the disk has it; where that is not text, as the inventory has it, which the script passes over."""
    name = native(path)
    return name if name.isprintable() or name == path else path


def _is_below(path: str) -> bool:
    """Return whether a path stays below the folder it is joined to."""
    return not {"", ".", ".."} & set(path.split("/"))
