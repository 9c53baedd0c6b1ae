"""Golden files: what users see, kept as text. A file's name is the scenario; `pytest --accept` writes them again."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parents[1] / "golden"


def check_golden(name: str, text: str, accept: bool) -> None:
    """Compare a text with its golden file, or with `accept` make it the golden file."""
    path = FOLDER / f"{name}.txt"
    if accept:
        path.write_text(text, encoding="utf-8")
    expected = path.read_text(encoding="utf-8") if path.exists() else ""
    assert text == expected, f"tests/golden/{name}.txt differs; if it should: pytest --accept"
