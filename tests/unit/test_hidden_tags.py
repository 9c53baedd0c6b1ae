"""Tags that a list leaves out are found whatever they are called, and what proves nothing is not taken for a proof."""

from __future__ import annotations

import random

import pytest

from tonnage.registry.hidden_tags import PAGE_SIZE, has_tag_and_longer, look_behind

LETTERS = "0a.-_Z"


def listed(tags: list[str], last: str = "", limit: int = 10_000) -> list[str]:
    """Return a list as distribution 3.1.1 on S3 makes it: after a tag, keys that begin with its name are skipped."""
    shown: list[str] = []
    for name in sorted(tags, key=lambda tag: f"{tag}/"):
        if f"{name}/" > last and name > last and not (shown and name.startswith(shown[-1])):
            shown.append(name)
    return shown[:limit]


def some_tags(rng: random.Random) -> list[str]:
    """Return tags of which many begin with others."""
    return list({rng.choice("0aZ_") + "".join(rng.choices(LETTERS, k=rng.randrange(5))) for _ in range(60)})


@pytest.mark.parametrize("seed", range(100))
def test_every_hidden_tag_is_found(seed: int) -> None:
    """Also one that hides behind one that hides, and next to names that end in a dash or a dot."""
    tags = some_tags(random.Random(seed))
    shown = listed(tags)
    behind = look_behind(lambda name: listed(tags, name, PAGE_SIZE), shown)
    assert behind.is_proven
    assert sorted([*shown, *behind.names]) == sorted(tags)


@pytest.mark.parametrize("seed", range(50))
def test_a_server_with_the_fault_never_looks_sound(seed: int) -> None:
    """Whatever page of it is looked at; a whole list in which a tag goes on from another does."""
    rng = random.Random(seed)
    tags = some_tags(rng)
    for last in ("", rng.choice(tags), f"{rng.choice(tags)}/~"):
        assert not has_tag_and_longer(listed(tags, last, rng.randrange(1, 20)))
    longer = any(a != b and b.startswith(a) and b[len(a)] not in ".-" for a in tags for b in tags)
    assert has_tag_and_longer(tags) == longer


def test_many_hide_behind_one() -> None:
    """More than a page of them."""
    tags = ["1", *(f"1x{number:04}" for number in range(3 * PAGE_SIZE))]
    assert len(look_behind(lambda name: listed(tags, name, PAGE_SIZE), ["1"]).names) == 3 * PAGE_SIZE


@pytest.mark.parametrize("answer", [None, [], ["1", "2"], ["2", "1"]], ids=["refuses", "empty", "ignores", "unsorted"])
def test_a_server_that_does_not_begin_where_it_is_asked_to_proves_nothing(answer: list[str] | None) -> None:
    """It refuses, lists nothing where something is, or begins at the beginning."""
    behind = look_behind(lambda name: answer, ["1", "2"])
    assert not behind.is_proven


def test_a_list_of_nothing_is_whole() -> None:
    """What hides does so behind something."""
    assert look_behind(lambda name: None, []).is_proven
