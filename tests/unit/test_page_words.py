"""The catalogues: both languages say the same things, and templates say nothing that is in neither."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from tonnage.inventory.reports import builtin_reports
from tonnage.web.words import LANGUAGES, Words, catalogue, choose

WEB = Path(__file__).parents[2] / "src" / "tonnage" / "web"
TEMPLATES = sorted((WEB / "templates").glob("*.html"))
_KEY = re.compile(r"""\bt(?:\.get)?\(["']([a-z_]+\.[a-z_0-9]*)["']""")
_BEGUN = ("layer.stopped_", "map.key_", "map.age", "map.of_", "basket.then_", "nav.", "class.", "frees.", "keys.", "kind.",
          "role.", "unknown.", "good.", "ladder.", "search.")  # fmt: skip
"""Keys that are completed by a value."""


def fields(message: object) -> set[str]:
    """Return the values a message wants."""
    texts = message.values() if isinstance(message, dict) else [message]
    return {name for text in texts for _, name, _, _ in Formatter().parse(str(text)) if name}


def test_both_languages_have_the_same_messages() -> None:
    """With the same values in them."""
    english, chinese = (catalogue(language) for language in LANGUAGES)
    assert english.keys() == chinese.keys()
    assert {key: fields(text) for key, text in english.items()} == {key: fields(text) for key, text in chinese.items()}


def test_every_key_that_is_used_is_there() -> None:
    """In templates and in code."""
    texts = [path.read_text() for path in [*TEMPLATES, *WEB.rglob("*.py")]]
    used = {key for text in texts for key in _KEY.findall(text)}
    assert len(used) > 150
    assert {key for key in used if key not in catalogue("en") and not key.endswith((".", "_", "age"))} == set()
    assert all(any(key.startswith(begun) for key in catalogue("en")) for begun in _BEGUN)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_have_no_words_of_their_own(path: Path) -> None:
    """What is left of one without its markup and its values is punctuation, or the same in all languages."""
    text = re.sub(r"\{% block width %\}.*?\{% endblock %\}", " ", path.read_text())
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", text, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", " ", re.sub(r"<(style|pre)\b.*?</\1>", " ", text, flags=re.DOTALL))
    words = set(re.findall(r"[A-Za-z]{2,}", text)) - {
        "tonnage",
        "CSV",
        "JSON",
        "SQL",
        "ms",
        "DOCTYPE",
        "html",
        "apply",
        "nbsp",
    }
    assert words == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_make_no_address_by_themselves(path: Path) -> None:
    """Every `href` and `action` is an anchor or comes from the one helper, and nothing is marked as safe."""
    text = path.read_text()
    for value in re.findall(r'(?:href|action|src)="([^"]*)"', text):
        assert value.startswith("#") or re.match(
            r"\{\{ (?:url|ask\.here|part\.|d\.href|line\.href|dot\.href|column\.href|href|section\.above)", value
        ), value
    assert "|safe" not in text.replace(" ", "") and not re.search(r"\son\w+=|\sstyle=|<script>", text)


def test_all_reports_have_chinese_names() -> None:
    """And English ones are what the reports say of themselves."""
    for report in builtin_reports().values():
        assert Words("en").report(report) == report.question
        assert not Words("zh-CN").report(report).isascii() and not Words("zh-CN").report_more(report).isascii()


def test_a_report_of_an_operator_keeps_its_name() -> None:
    """In whatever language."""
    from tonnage.inventory.reports import parse_report

    own = parse_report("mine", "-- My own question. One row per answer.\nselect 1 as odd_things_count")
    assert Words("zh-CN").report(own) == "My own question" and Words("zh-CN").column("odd_things_count") == "Odd things"


def test_what_is_put_into_a_message_is_escaped() -> None:
    """Unless it is markup of ours."""
    assert Words("en")("map.label", name="<b>") == "Map of &lt;b&gt;"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("", "en"), ("zh", "zh-CN"), ("fr, zh;q=0.5, en;q=0.4", "zh-CN"), ("en;q=x, zh", "zh-CN"), ("de", "en")],
)
def test_the_language_is_what_the_browser_prefers(accepted: str, language: str) -> None:
    """Of those there are."""
    assert choose(accepted) == language
