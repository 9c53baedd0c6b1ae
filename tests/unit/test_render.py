"""Tables for people: what a pusher wrote into an image reaches no terminal as anything but text, and columns stay apart."""

from __future__ import annotations

import csv
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from rich.cells import cell_len

from tonnage.inventory.database import Table, connect
from tonnage.show.forms import TEXT, to_csv
from tonnage.show.render import to_text


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


WHOLE = ("👍", "👍🏽", "❤️", "☎️", "1️⃣", "✅", "⚠️", "e\u0301", "张", "ｱ")
"""Each is seen as one character. Flags are two letters, and what joins several pictures to one is escaped."""
EMOJI = (*WHOLE, "👩‍🚀", "🇩🇪", "👨‍👩‍👧‍👦")


@pytest.mark.parametrize("name", ["created_by", "repository"])
@pytest.mark.parametrize("text", EMOJI)
def test_what_is_seen_as_one_character_stays_one(text: str, name: str) -> None:
    """It is counted as a terminal shows it, and never cut through, whichever end gives way."""
    shown = to_text(table(text * 40, "plain", name=name), 40).splitlines()
    assert {cell_len(line) for line in shown} == {cell_len(shown[0])}
    assert cell_len(shown[0]) <= 40
    cell = shown[1].removesuffix("7").rstrip()
    parts = cell.split("…")
    assert text not in WHOLE or all(part == text * (len(part) // len(text)) for part in parts), cell
    assert len(parts) == 2 and bool(parts[1]) == (name == "repository")


@pytest.mark.parametrize(
    "sql",
    [
        "select * from (values ('10:00:00+02'::timetz), ('08:00:00+00'::timetz)) as t (x)",
        "select * from (values (-0.0::double), (0.0::double)) as t (x_percent)",
        "select union_value(i := 1)::union(i integer, b boolean) as x union all select union_value(b := true)",
        "select 1 as x_count union all select 1",
    ],
)
@pytest.mark.parametrize("form", ["jsonl", "csv", "tsv", "md", "text"])
def test_what_is_equal_is_not_taken_for_the_same(sql: str, form: str) -> None:
    """Each row is written as it is alone: no value stands for another one that is equal to it."""
    write = {**TEXT, "text": to_text}[form]
    with connect() as connection:
        found = connection.execute(sql)
        columns = [(column[0], str(column[1])) for column in found.description or []]
        both = Table([name for name, _ in columns], [type_ for _, type_ in columns], found.fetchall())
    apart = [write(both._replace(rows=[row])) for row in both.rows]
    assert [line.split() for line in write(both).splitlines()[-2:]] == [one.splitlines()[-1].split() for one in apart]


@pytest.mark.parametrize("name", ["x_bytes", "x_count", "x_at", "x_percent", "x_per_month", "x"])
@pytest.mark.parametrize(
    "value", ["abc", True, 1, 1.5, Decimal("1.50"), None, [1, 2], {"a": 1}, (1, None), b"\x00\xff", date(2026, 1, 1),
              datetime(2026, 1, 1), timedelta(hours=1), time(1), UUID(int=7), float("nan"), float("inf"), 10**30]
)  # fmt: skip
def test_whatever_a_column_is_called_it_is_shown(name: str, value: object) -> None:
    """The name tells the unit of numbers and times; what is none of these is written as it is."""
    for form in (to_text, TEXT["md"], TEXT["html"]):
        assert name.partition("_")[0].upper() in form(Table([name], ["ANY"], [(value,), (None,), (value,)]))
    if value is True:
        assert "yes" in to_text(Table([name], ["BOOLEAN"], [(value,)]))


def test_names_give_way_last() -> None:
    """Steps lose their end first; a name keeps both of its ends."""
    answers = Table(
        ["repository", "created_by", "size_bytes"],
        ["VARCHAR", "VARCHAR", "BIGINT"],
        [("team/a-rather-long-name-of-a-service", "RUN something long enough to be cut", 7)],
    )
    assert (
        to_text(answers, 70).splitlines()[1] == "team/a-rather-long-name-of-a-service  RUN something long enough…   7 B"
    )
    assert to_text(answers, 60).splitlines()[1].startswith("team/a-rather-…-of-a-service  RUN ")


def test_without_a_screen_everything_is_whole() -> None:
    """Digests, and words of any length."""
    digest = "sha256:" + "0f" * 32
    answers = Table(["digest", "created_by"], ["VARCHAR", "VARCHAR"], [(digest, "x" * 500)])
    assert to_text(answers, None).splitlines()[1] == f"{digest}  {'x' * 500}"
    assert to_text(answers).splitlines()[1].startswith("0f0f0f0f0f0f  x")
