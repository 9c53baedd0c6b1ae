"""Why a run ended early, repeated in its last lines: of a long log, those may be all that is kept.

A pytest plugin. An internal error of one of several processes is printed where it occurs; the run then fails for lack
of that process, and only the lines on that come last.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

_LINES = 12
_said: list[str] = []


@pytest.hookimpl(tryfirst=True)
def pytest_internalerror(excrepr: object) -> None:
    """Keep the end of the error."""
    _said.append("\n".join(str(excrepr).splitlines()[-_LINES:]))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Keep how a process ended, unless it had done its work."""
    status = getattr(node, "workeroutput", {}).get("exitstatus")
    if error or status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        _said.append(f"{node.gateway.id} ended with exit status {status}: {error or 'no error'}")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Say what was kept."""
    for text in _said:
        print(f"\nbefore this run ended: {text}", file=sys.stderr)
