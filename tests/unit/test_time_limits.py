"""The suite itself: a test that hangs is shown and ended with what it started, and signals do what tests need."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from processes import descendants

pytestmark = pytest.mark.slow

HELPERS = Path(__file__).parents[1] / "helpers"


def run_tests(folder: Path, text: str, *options: str, ignoring: str = "") -> subprocess.CompletedProcess[str]:
    """Run a file of tests by itself, in a pytest that was started with signals ignored."""
    (folder / "test_it.py").write_text(text)
    program = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "timelimits",
        "-p",
        "no:cacheprovider",
        *options,
        str(folder),
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HELPERS), os.environ.get("PYTHONPATH", "")])}
    trap = f"trap '' {ignoring}; " if ignoring else ""
    command = ["/bin/sh", "-c", f'{trap}exec "$@"', "sh", *program]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, timeout=60)


HANGING = {
    "in Python": "import time\ndef test_hangs():\n    time.sleep(1000)\n",
    "for a child": "import subprocess\ndef test_hangs():\n    subprocess.run(['sleep', '987'])\n",
    "for a deaf child": (
        "import subprocess\ndef test_hangs():\n    subprocess.run(['sh', '-c', 'trap \"\" TERM; sleep 987'])\n"
    ),
    "for the pipe of a grandchild": (
        "import subprocess\ndef test_hangs():\n    subprocess.run(['sh', '-c', 'sleep 987 & wait'], capture_output=True)\n"
    ),
    "in a fixture": (
        "import subprocess, pytest\n@pytest.fixture\ndef server():\n    process = subprocess.Popen(['sleep', '987'])\n"
        "    yield\n    process.wait()\ndef test_hangs(server):\n    pass\n"
    ),
}


@pytest.mark.parametrize("text", HANGING.values(), ids=HANGING.keys())
def test_a_hanging_test_is_ended_with_what_it_started(tmp_path: Path, text: str) -> None:
    """It fails, says which processes there were, and the next test is run."""
    started = time.monotonic()
    done = run_tests(tmp_path, text + "def test_next():\n    pass\n", "--timeout=1", "-o", "timeout_method=signal")
    assert done.returncode == 1 and " passed" in done.stdout, done.stdout + done.stderr
    assert "Timeout: it took longer than 1 s" in done.stdout and time.monotonic() - started < 50
    if "987" in text:
        assert "; killed:" in done.stdout and "sleep 987" in done.stdout


def test_native_code_that_hangs_is_shown_and_ended(tmp_path: Path) -> None:
    """Where no signal is heard, the process itself ends, and says where it was."""
    text = "import ctypes, signal\ndef test_hangs():\n    libc = ctypes.PyDLL(None)\n    libc.sleep(1000)\n"
    options = ("--timeout=1", "-o", "faulthandler_timeout=3", "-o", "faulthandler_exit_on_timeout=true")
    block = "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})\n"
    done = run_tests(tmp_path, block + text, *options)
    assert done.returncode != 0 and "test_it.py" in done.stderr and "test_hangs" in done.stderr


@pytest.mark.parametrize("ignoring", ["INT", "INT QUIT", "INT QUIT TERM HUP"])
def test_ignored_signals_are_restored(tmp_path: Path, ignoring: str) -> None:
    """As nohup, a shell's background job and some CI leave them: here, and in what tests start."""
    text = (
        "import os, signal, subprocess, sys, time, pytest\n"
        "def test_here():\n    with pytest.raises(KeyboardInterrupt):\n        os.kill(os.getpid(), signal.SIGINT)\n"
        "        time.sleep(5)\n"
        "@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])\n"
        "def test_there(number):\n    process = subprocess.Popen(['sleep', '50'])\n    process.send_signal(number)\n"
        "    assert process.wait(5) == -number\n"
    )
    done = run_tests(tmp_path, text, ignoring=ignoring)
    assert "3 passed" in done.stdout, done.stdout + done.stderr


def test_processes_that_come_and_go_are_no_error() -> None:
    """They are looked for before each test, outside of it, where an error would end the whole run."""
    is_over = threading.Event()

    def come_and_go() -> None:
        while not is_over.is_set():
            subprocess.run(["sh", "-c", "true & true & wait"], check=True)

    others = [threading.Thread(target=come_and_go) for _ in range(3)]
    for other in others:
        other.start()
    try:
        found = [descendants(os.getpid()) for _ in range(700)]
    finally:
        is_over.set()
        for other in others:
            other.join()
    assert any(found)


def test_every_test_has_a_limit(request: pytest.FixtureRequest) -> None:
    """In this suite, and it is the plugin's."""
    assert float(request.config.getini("timeout")) > 0 and request.config.getini("timeout_method") == "signal"
    assert float(request.config.getini("faulthandler_timeout")) > float(request.config.getini("timeout"))
    assert request.config.pluginmanager.has_plugin("timelimits")
