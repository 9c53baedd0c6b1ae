"""The page's words in two languages: a catalogue each, keyed by message names."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from tonnage.inventory.reports import Report
from tonnage.show.printable import printable

LANGUAGES = {"en": "English", "zh-CN": "中文"}
"""Each by its own name."""


@cache
def catalogue(language: str) -> Mapping[str, Any]:
    """Return all messages of a language; one with plurals is a table of `one` and `other`."""
    found = tomllib.loads(files(__package__).joinpath(f"{language}.toml").read_text(encoding="utf-8"))
    return {f"{group}.{name}": text for group, texts in found.items() for name, text in texts.items()}


class Words:
    """Says messages in one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.messages = catalogue(language)

    def __call__(self, key: str, **values: Any) -> Markup:
        """Return a message with its values, which are escaped unless they are markup. `n` chooses the plural."""
        text = self.messages[key]
        if isinstance(text, dict):
            number = values["n"]
            text = text["one"] if number == 1 and "one" in text else text["other"]
            values["n"] = f"{number:,}"
        shown = {name: printable(value) if type(value) is str else value for name, value in values.items()}
        return Markup(text).format(**shown)

    def get(self, key: str, otherwise: str) -> Markup:
        """Return a message without values; what is in no catalogue is said as it is: an operator's own names."""
        found = self.messages.get(key)
        return Markup(found) if isinstance(found, str) else Markup("{}").format(otherwise)

    def column(self, name: str) -> str:
        """Return the head of a column."""
        return str(self._of_reports("column", name) or _ENGLISH.get(name) or _english_column(name))

    def parameter(self, name: str) -> str:
        """Return what a parameter is called."""
        return str(self._of_reports("parameter", name) or name.replace("_", " "))

    def report(self, report: Report) -> str:
        """Return a report's question."""
        return str(self._of_reports("report", report.name) or report.question)

    def report_more(self, report: Report) -> str:
        """Return the rest of a report's title."""
        rest = report.title[len(report.question) :].lstrip(".:; ")
        return str(self._of_reports("report_more", report.name) or rest[:1].upper() + rest[1:])

    def _of_reports(self, group: str, name: str) -> str | None:
        found: str | None = _of_reports(self.language).get(group, {}).get(name)
        return found


def choose(accepted: str) -> str:
    """Return the language for an Accept-Language header.

    >>> choose("zh-TW,zh;q=0.9,en;q=0.5"), choose("de, en;q=0.7"), choose("")
    ('zh-CN', 'en', 'en')
    """
    weighed = []
    for place, part in enumerate(accepted.split(",")):
        name, _, weight = part.strip().partition(";q=")
        try:
            weighed.append((-float(weight or 1), place, name.lower()))
        except ValueError:
            continue
    for _, _, name in sorted(weighed):
        if name.startswith("zh"):
            return "zh-CN"
        if name.startswith("en"):
            return "en"
    return "en"


_ENGLISH = {"created_by": "Build step", "diff_id": "Content", "finished_at": "Scanned", "upload": "Upload"}


def _english_column(name: str) -> str:
    """Return a column's name as words.

    >>> _english_column("untagged_count"), _english_column("is_pinned"), _english_column("frees_alone_bytes")
    ('Untagged', 'Pinned', 'Frees alone')
    """
    for unit in ("_bytes", "_count", "_at", "_percent"):
        name = name.removesuffix(unit)
    return name.removeprefix("is_").replace("_", " ").capitalize()


@cache
def _of_reports(language: str) -> Mapping[str, Any]:
    """Return what a language calls reports, parameters and columns; English is what the reports themselves say."""
    file = files(__package__).joinpath(f"reports.{language}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
