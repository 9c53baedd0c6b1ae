"""Logins: what a refusal costs does not depend on who is named, and a flood of wrong ones is no trouble for right ones."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Iterator

import bcrypt
import pytest

from tonnage.exporter import passwords as module
from tonnage.exporter.passwords import BusyError, Passwords, hashes_for
from tonnage.exporter.webconfig import cost_of

pytestmark = pytest.mark.slow


def hash_of(password: str, cost: int) -> str:
    """Return a bcrypt hash."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


def login(name: str, password: str) -> str:
    """Return what stands in `Authorization`."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


USERS = {"cheap": hash_of("a", 4), "usual": hash_of("b", 6), "also": hash_of("c", 6), "dear": hash_of("d", 8)}
NAMES = [*USERS, "nobody", "", "cheap ", "CHEAP", "x" * 1000, "é"]


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The costs of all hashes that were computed."""
    found: list[int] = []
    check = bcrypt.checkpw

    def counted(password: bytes, expected: bytes) -> bool:
        found.append(cost_of(expected.decode()))
        return check(password, expected)

    monkeypatch.setattr(bcrypt, "checkpw", counted)
    yield found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("password", ["wrong", "", "\0", "x" * 100])
def test_a_refusal_costs_the_same_whoever_is_named(name: str, password: str, costs: list[int]) -> None:
    """One hash of each cost there is: for names of users, each with a cost of its own, and for all others."""
    accept = Passwords().accept
    assert not asyncio.run(accept(USERS, login(name, password)))
    assert sorted(costs) in ([4, 6, 8], [costs[0]]) and (len(costs) == 3 or password in ("\0", "x" * 100))


def test_the_time_of_a_refusal_does_not_name_users() -> None:
    """Measured in processor time, the least of some."""

    def seconds(name: str) -> float:
        times = []
        for number in range(5):
            started = time.thread_time()
            assert not module._is_first(str(number).encode(), hashes_for(USERS, name))
            times.append(time.thread_time() - started)
        return min(times)

    found = [seconds(name) for name in NAMES]
    assert max(found) < 1.5 * min(found)


@pytest.mark.parametrize(("name", "password"), [("cheap", "a"), ("usual", "b"), ("also", "c"), ("dear", "d")])
def test_every_user_comes_in(name: str, password: str) -> None:
    """With the right password alone; that of another user is wrong."""
    passwords = Passwords()

    async def ask() -> list[bool]:
        return [await passwords.accept(USERS, login(name, tried)) for tried in "abcd" * 2]

    assert asyncio.run(ask()) == [tried == password for tried in "abcd" * 2]


def test_a_right_login_is_not_forgotten_for_wrong_ones(costs: list[int]) -> None:
    """It is compared once, whatever comes after it."""
    passwords = Passwords()

    async def ask() -> None:
        assert await passwords.accept(USERS, login("cheap", "a"))
        for number in range(250):
            assert not await passwords.accept({"cheap": USERS["cheap"]}, login("cheap", str(number)))
        costs.clear()
        assert await passwords.accept(USERS, login("cheap", "a"))

    asyncio.run(ask())
    assert not costs and len(passwords.wrong) == 100 and len(passwords.right) == 1


def test_a_flood_is_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for a hash is limited, and so are hashes at once; a login that is known does not wait."""
    passwords = Passwords()
    at_once, most = [0], [0]

    def slow(password: bytes, _hashes: list[str]) -> bool:
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        time.sleep(0.05)
        at_once[0] -= 1
        return password == b"a"

    monkeypatch.setattr(module, "_is_first", slow)

    async def ask() -> tuple[list[bool | BaseException], float]:
        assert await passwords.accept(USERS, login("cheap", "a"))
        flood = [passwords.accept(USERS, login("cheap", f"x{number}")) for number in range(100)]
        flooding = asyncio.gather(*flood, return_exceptions=True)
        await asyncio.sleep(0)
        started = time.monotonic()
        assert await passwords.accept(USERS, login("cheap", "a"))
        return await flooding, time.monotonic() - started

    found, _ = asyncio.run(ask())
    assert sum(isinstance(one, BusyError) for one in found) == 84 and found.count(False) == 16
    assert most[0] == 2 and passwords.waiting_count == 0
