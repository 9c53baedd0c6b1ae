"""deploy/Containerfile, read into its instructions."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
CONTAINERFILE = ROOT / "deploy" / "Containerfile"
INVENTORY = "/var/lib/tonnage"
USER = 65532


def instructions(text: str) -> list[tuple[str, str]]:
    """Return the instructions of a container file, each with what follows it."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


CONTAINER = instructions(CONTAINERFILE.read_text())
LAST_STAGE = max(number for number, (word, _) in enumerate(CONTAINER) if word == "FROM")
