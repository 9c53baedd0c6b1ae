"""Tables for people: what a pusher wrote into an image reaches no terminal as anything but text, and columns stay apart."""

from __future__ import annotations

import csv

import pytest

from tonnage.inventory.database import Table
from tonnage.show.render import to_csv, to_text


def table(*cells: str, name: str = "created_by") -> Table:
    """Return a table of one column of text and one of numbers."""
    return Table([name, "layers_count"], ["VARCHAR", "BIGINT"], [(cell, 7) for cell in cells])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("RUN \x1b]0;owned\x07\x1b[2J", r"RUN \x1b]0;owned\x07\x1b[2J"),
        ("RUN \x00\x9b31m", r"RUN \x00\x9b31m"),
        ("abc\u202edcba", r"abc\u202edcba"),
        ("RUN a\t\\\n    b", "RUN a \\ b"),
        ("LABEL 作者=张三", "LABEL 作者=张三"),
    ],
)
def test_control_characters_are_spelled(text: str, shown: str) -> None:
    """Neither colours, titles nor cleared screens, nor text that runs backwards."""
    assert to_text(table(text)).splitlines()[1].rstrip("7 ") == shown


def test_characters_of_two_columns_count_twice() -> None:
    """And marks that sit upon others not at all."""
    lines = to_text(table("LABEL 作者=张三", "plain", "e\u0301tat")).splitlines()
    assert lines == [
        "CREATED BY       LAYERS",
        "LABEL 作者=张三       7",
        "plain                 7",
        "e\u0301tat                  7",
    ]


@pytest.mark.parametrize("name", ["created_by", "detail"])
def test_wide_words_fit_too(name: str) -> None:
    """Cut or wrapped, no line is wider than what there is."""
    lines = to_text(table("张" * 100, name=name), 40).splitlines()
    assert max(sum(2 if character == "张" else 1 for character in line) for line in lines) <= 40
    assert sum(line.count("张") for line in lines) == (100 if name == "detail" else 15)


def test_csv_keeps_what_is_stored() -> None:
    """It is for programs."""
    assert to_csv(table("\x1b[2J")) == "created_by,layers_count\n\x1b[2J,7\n"


def test_csv_says_true_and_false_as_json_does() -> None:
    """Unknown is empty."""
    answers = Table(["is_pinned"], ["BOOLEAN"], [(True,), (False,), (None,)])
    assert list(csv.reader(to_csv(answers).splitlines())) == [["is_pinned"], ["true"], ["false"], [""]]
