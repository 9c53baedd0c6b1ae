"""Every test ends: one that takes too long is shown with the processes it started, which are killed, and fails.

A pytest plugin, for all tests. The limit is that of pytest-timeout (`timeout` in pyproject.toml, or a mark); its timer is
this one, so that the processes can still be seen when it goes off. A test that hangs in the middle of native code hears
no signal: `faulthandler_timeout` shows where, and ends the process.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from processes import children_of, descendants

_NEEDED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
"""Signals that tests send, to themselves and to programs. Who starts pytest with nohup or in the background ignores some
of them, and so would every program that it starts."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Restore what signals do."""
    for number in _NEEDED:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _NEEDED)


@pytest.hookimpl(optionalhook=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> bool:
    """Set the timer of a test."""
    before = set(children_of(os.getpid()))

    def end(_number: int, _frame: FrameType | None) -> None:
        __tracebackhide__ = True
        begun = [pid for pid in children_of(os.getpid()) if pid not in before]
        hanging = [pid for child in begun for pid in (child, *descendants(child))]
        shown = [f"  {pid} {describe(pid)}" for pid in hanging]
        for pid in hanging:
            _kill(pid)
        said = "\n".join(["; killed:", *shown]) if shown else ""
        pytest.fail(f"Timeout: it took longer than {settings.timeout:g} s{said}")

    old = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, settings.timeout)

    def cancel() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)

    item.cancel_timeout = cancel  # type: ignore[attr-defined]
    return True


@pytest.hookimpl(optionalhook=True)
def pytest_timeout_cancel_timer(item: pytest.Item) -> bool:
    """Take the timer back."""
    if cancel := getattr(item, "cancel_timeout", None):
        cancel()
    return True


def describe(pid: int) -> str:
    """Return a process's state and command line."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return "has ended"
    return f"({status}) {command[:500]}"


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
