"""Every digest has one number, and keeps it."""

import os
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from tonnage.scan.numbering import Numbering

digests = st.text("0123456789abcdef", min_size=1, max_size=2).map("sha256:".__add__)


@given(st.lists(st.lists(digests)))
def test_a_digest_has_one_number(batches: list[list[str]]) -> None:
    """In whatever batches they come; the new ones are named once, and their numbers have no gaps."""
    numbering, texts = Numbering(), dict[int, str]()
    for batch in batches:
        numbers, new = numbering.numbers_of(batch)
        assert not texts.keys() & dict(new).keys()
        texts |= dict(new)
        assert [texts[number] for number in numbers] == batch
    assert sorted(texts) == list(range(len({digest for batch in batches for digest in batch})))


@given(
    st.dictionaries(st.integers(0, 99), digests, min_size=1).map(lambda d: {v: k for k, v in d.items()}),
    st.lists(digests),
)
def test_numbers_of_an_earlier_inventory_go_on(known: dict[str, int], later: list[str]) -> None:
    """Even where some are no longer in use."""
    numbering = Numbering()
    numbering.start_at(max(known.values()) + 1)
    numbering.give((number, digest) for digest, number in known.items())
    assert not numbering.unknown(list(known))
    numbers, new = numbering.numbers_of(later)
    assert [known.get(digest, number) for digest, number in zip(later, numbers, strict=True)] == list(numbers)
    assert {digest for _, digest in new} == set(later) - known.keys()
    assert min([number for number, _ in new], default=100) > max(known.values())


def test_nobody_can_know_how_digests_are_told_apart() -> None:
    """The hash of a text can be worked out where PYTHONHASHSEED is known; what is remembered is another one."""
    code = "from tonnage.scan.numbering import Numbering; n = Numbering(); n.numbers_of(['x']); print(list(n._numbers))"
    seeded = {**os.environ, "PYTHONHASHSEED": "0"}
    found = {subprocess.check_output([sys.executable, "-c", code], env=seeded) for _ in range(2)}
    assert len(found) == 2
