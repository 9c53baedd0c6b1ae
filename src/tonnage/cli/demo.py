"""tonnage demo"""

import os
import shlex
import shutil
import sys
from pathlib import Path

import click

from tonnage.errors import UsageError


@click.command(epilog="Example: tonnage demo /tmp/demo")
@click.argument("folder", default="demo", type=click.Path(file_okay=False))
def command(folder: str) -> None:
    """Build a sample registry in FOLDER (default: demo), scan it, and show the card.

    Its layers are sparse files: 39 GB of registry take a few megabytes of disk.
    """
    from tonnage.cli.hints import here
    from tonnage.cli.output import show_card, talk
    from tonnage.files import new_folder
    from tonnage.sample import build_demo
    from tonnage.scan.run import scan
    from tonnage.storage.local import open_local

    root, inventory = Path(folder) / "registry", str(Path(folder) / "tonnage.duckdb")
    if not os.path.exists(root):
        talk(f"building a sample registry in {root}")
        with new_folder(root, makes_parent=True) as building:
            build_demo(building)
    elif not os.path.isdir(root / "docker"):
        raise UsageError(f"`{root}` is there already and is not a sample registry")
    talk(f"+ tonnage scan {root} -i {inventory}")
    talk(scan(open_local(str(root)), inventory).describe(here(inventory)))
    talk(f"+ tonnage -i {inventory}\n")
    show_card(inventory)
    talk(f"\nIn the browser: {_program()} web {shlex.quote(os.path.abspath(inventory))}")


def _program() -> str:
    """Return how this program is called: by its name where that is found, else as it was called now (`make demo`)."""
    called = sys.argv[0]
    is_by_path = Path(called).name == "tonnage" and os.sep in called
    return shlex.quote(called) if is_by_path and shutil.which("tonnage") is None else "tonnage"
