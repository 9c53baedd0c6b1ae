"""The exporter's child: whatever becomes of it is an outcome, in a limited time, and leaves no process."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from tonnage.errors import WriteError
from tonnage.exporter import child as child_module
from tonnage.exporter.child import Child
from tonnage.exporter.messages import (
    KILLED,
    OTHER,
    REASONS,
    TIMED_OUT,
    Job,
    Outcome,
    decode_job,
    encode_job,
    encode_outcome,
)
from tonnage.exporter.scanner import Scanner
from tonnage.exporter.state import State

pytestmark = pytest.mark.slow

JOB = Job("/srv/registry", "x.duckdb")
RIGHT = encode_outcome(Outcome(scanned_at=1.0))
HARMLESS = {signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH}
STOPPING = {signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
DEADLY = sorted(set(range(1, signal.SIGRTMAX + 1)) - HARMLESS - STOPPING - {32, 33})  # libc keeps 32 and 33


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_module, "PATIENCE_SECONDS", 0.3)


def done(*command: str, limit_seconds: float = 0.0, job: Job = JOB, cleaned: list[int] | None = None) -> Outcome:
    """Return what comes of a job that this command does."""
    clear_away = (lambda: None) if cleaned is None else (lambda: cleaned.append(1))
    return asyncio.run(Child(command, clear_away, limit_seconds).do(job))


def python(script: str) -> tuple[str, ...]:
    """Return the command that runs a script."""
    return sys.executable, "-SEc", script


@pytest.mark.parametrize("number", DEADLY)
def test_any_signal_may_end_it(number: int) -> None:
    """With a name or without one."""
    found = done("/bin/sh", "-c", f"kill -{number} $$; sleep 1")
    assert found.reason == KILLED and re.search(r"ended by (SIG\w+|signal \d+)$", found.message)


@pytest.mark.parametrize(
    ("script", "reason", "message"),
    [
        ("exit 3", OTHER, "ended with 3"),
        ("exec >&-; exit 0", OTHER, "0 bytes that are not an outcome"),
        ("exit 0", OTHER, "0 bytes that are not an outcome"),
        ("echo garbage", OTHER, "8 bytes that are not an outcome"),
        ("printf '\\201\\246reason\\001'", OTHER, "not an outcome"),
        ("head -c 5000 /dev/zero | tr '\\0' '\\221'", OTHER, "5000 bytes that are not an outcome"),
        ("head -c 20000000 /dev/urandom", OTHER, "20000000 bytes that are not an outcome"),
        ("exec <&-; exit 7", OTHER, "ended with 7"),
        ("exec <&- >&- sleep 100", TIMED_OUT, "longer than 1.5 seconds"),
        ("sleep 100", TIMED_OUT, "longer than 1.5 seconds"),
        ("kill -STOP $$", TIMED_OUT, "longer than 1.5 seconds"),
        ("trap '' TERM; sleep 100", TIMED_OUT, "longer than 1.5 seconds"),
        ("sleep 100 & kill -9 $$", KILLED, "SIGKILL"),
        ("sleep 100 & exit 4", OTHER, "ended with 4"),
    ],
)
def test_whatever_becomes_of_it_is_an_outcome(script: str, reason: str, message: str) -> None:
    """Soon, with a reason that is listed; nothing of its process group is left."""
    marked = f"MARK={os.getpid()}x{abs(hash(script))}; export MARK; {script}"
    started = time.monotonic()
    found = done("/bin/sh", "-c", marked, limit_seconds=1.5)
    assert (found.reason, message in found.message) == (reason, True), found
    assert found.reason in REASONS and time.monotonic() - started < 10
    mark = marked.partition(";")[0].encode()
    assert not [pid for pid in _running() if mark in _environment_of(pid)]


def _running() -> list[str]:
    return [name for name in os.listdir("/proc") if name.isdigit()]


def _environment_of(pid: str) -> bytes:
    try:
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX":
            return b""
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def test_it_says_no_more_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is behind `yes`, the memory is not filled with it."""
    monkeypatch.setattr(child_module, "_LARGEST_BYTES", 5_000_000)
    found = done("/usr/bin/yes")
    assert found.reason == OTHER and "more than 5000000 bytes" in found.message


@pytest.mark.parametrize("command", ["/nowhere/program", "/etc/passwd", "/"])
def test_a_process_that_cannot_be_started_is_an_outcome(command: str) -> None:
    """Not there, not a program, a folder."""
    assert done(command).reason == OTHER


def test_what_a_killed_one_left_is_removed() -> None:
    """Only then: one that goes when it is asked to removes it itself."""
    cleaned: list[int] = []
    done("/bin/sh", "-c", "sleep 100", limit_seconds=0.2, cleaned=cleaned)
    assert not cleaned
    done("/bin/sh", "-c", "trap '' TERM; sleep 100", limit_seconds=0.2, cleaned=cleaned)
    assert cleaned


def test_what_cannot_be_removed_is_no_end_of_it() -> None:
    """As while another program writes the same inventory."""

    def refuse() -> None:
        raise WriteError("`x.duckdb` is being written by another")

    child = Child(("/bin/sh", "-c", "trap '' TERM; sleep 100"), refuse, 0.2)
    assert asyncio.run(child.do(JOB)).reason == TIMED_OUT


def test_an_outcome_is_taken_as_it_is() -> None:
    """Also a large one, for a job whose path is not text."""
    job = Job("/srv/\udcff", "x.duckdb", tags_include=("a" * 200_000,))
    assert decode_job(encode_job(job)) == job
    script = f"import sys; sys.stdin.buffer.read(); sys.stdout.buffer.write({RIGHT!r})"
    assert done(*python(script), job=job) == Outcome(scanned_at=1.0)


def test_no_second_one_is_started_while_the_first_cannot_be_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """As while it waits for a dead disk, where not even SIGKILL is heard; then it is said, scan after scan."""

    async def scans() -> list[Outcome]:
        scanner = Scanner(("/bin/sleep", "100"), JOB, State(300), limit_seconds=0.2)
        with monkeypatch.context() as deaf:
            deaf.setattr(Child, "_signal", lambda *_, **__: None)
            found = [await scanner._do(JOB) for _ in range(3)]
        await scanner.child.stop()
        await asyncio.sleep(0.1)  # until its pipes are closed
        return found

    found = asyncio.run(scans())
    assert [outcome.reason for outcome in found] == [TIMED_OUT] * 3
    assert ["longer" in outcome.message for outcome in found] == [True, False, False]
