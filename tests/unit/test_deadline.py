"""A scan that takes too long ends, whatever it waits for; and options that would change nothing are refused."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lyingregistry import Asked, Registry, Reply, lying_registry
from tonnage.cli import main
from tonnage.errors import TookTooLongError
from tonnage.scan.deadline import within

pytestmark = pytest.mark.slow

OPTIONS = {
    "folder": ["--ignore-lockfile", "--follow-out"],
    "bucket": [
        "--endpoint=http://127.0.0.1:1", "--region=x", "--virtual-host", "--profile=x", "--anonymous",
        "--requests-at-once=2",
    ],
    "registry": ["--repositories=names", "--blob-sizes", "--credentials=login", "--rate=9", "--concurrency=2"],
    "remote": ["--ca=ca.pem", "--timeout=3"],
    "not registry": ["--thorough", "--keys=report.parquet"],
}  # fmt: skip
HAS = {
    "folder": {"folder", "not registry"},
    "bucket": {"bucket", "remote", "not registry"},
    "registry": {"registry", "remote"},
}
PLACES = {"folder": "storage", "bucket": "s3://bucket", "registry": "http://127.0.0.1:1"}
REFUSED = [
    (place, option)
    for place, own in HAS.items()
    for kind, options in OPTIONS.items()
    if kind not in own
    for option in options
]


@pytest.mark.parametrize(("place", "option"), REFUSED)
def test_an_option_of_another_kind_of_place_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: str, option: str
) -> None:
    """By scan and by the exporter, with its name and what it is for; nothing is asked of the place."""
    monkeypatch.chdir(tmp_path)
    for command in ("scan", "exporter"):
        with pytest.raises(SystemExit) as caught:
            main([command, PLACES[place], option])
        said = capsys.readouterr().err
        assert caught.value.code == 2
        assert f"`{option.partition('=')[0]}` is not for" in said and "it is for" in said


@pytest.mark.parametrize("value", ["0", "-1", "inf", "nan", "1e30"])
def test_a_timeout_is_a_number_of_seconds(capsys: pytest.CaptureFixture[str], value: str) -> None:
    """What nobody can mean is refused."""
    with pytest.raises(SystemExit) as caught:
        main(["scan", "s3://bucket", "--timeout", value])
    assert caught.value.code == 2 and "--timeout" in capsys.readouterr().err


def test_python_that_waits_is_ended() -> None:
    """At once, and what handled the signal before does so again."""
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(TookTooLongError, match=r"within 0\.2 s"), within(0.2):
        time.sleep(30)
    assert signal.getsignal(signal.SIGALRM) is before
    with within(0.2):
        pass
    time.sleep(0.4)  # what was done in time is not ended afterwards
    with within(0):
        time.sleep(0.1)


def test_no_signal_comes_after_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a block that ends at its limit: what handled the signal before would take it for its own, or end the process."""
    late: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: late.append(number))
    send = signal.pthread_kill

    def send_late(thread: int, number: int) -> None:
        time.sleep(0.3)
        send(thread, number)

    monkeypatch.setattr(signal, "pthread_kill", send_late)
    try:
        with within(0.1):
            time.sleep(0.2)
        time.sleep(0.4)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not late


QUERY = """
import sys
from tonnage.errors import TookTooLongError
from tonnage.inventory.database import connect
from tonnage.scan.deadline import within
try:
    with within(0.5):
        connect().execute("select count(*) from range(10000000000) as a, range(1000000) as b where a.range % 7 = 3")
except TookTooLongError as error:
    sys.exit(error.exit_code)
"""


def test_a_query_is_ended() -> None:
    """It works outside of Python and looks for signals now and then; one that does not is ended with the process."""
    done = subprocess.run([sys.executable, "-c", QUERY], capture_output=True, text=True, timeout=60)
    assert done.returncode == TookTooLongError.exit_code, done.stderr


def drip(registry: Registry, asked: Asked, honest: Reply) -> Reply:
    """Answer a byte at a time."""
    return honest._replace(drips=True) if asked.path.endswith("/_catalog") else honest


def test_a_scan_is_ended(tmp_path: Path) -> None:
    """With its own exit code, nothing written, and a hint."""
    with lying_registry(drip) as registry:
        command = [sys.executable, "-m", "tonnage", "scan", registry.url, "--timeout", "600", "--max-duration", "3s"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == TookTooLongError.exit_code, done.stderr
    assert "not done within 3 s" in done.stderr and "--max-duration" in done.stderr
    assert not list(tmp_path.iterdir())


STUCK = """
import time
from tonnage.scan import deadline
deadline.PATIENCE_SECONDS = 0.2
with deadline.within(0.2):
    while True:
        try:
            time.sleep(30)
        except Exception:
            pass
"""


def test_what_does_not_hear_is_ended_too() -> None:
    """The process ends with the same code, and says why."""
    done = subprocess.run([sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=60)
    assert done.returncode == TookTooLongError.exit_code
    assert "does not stop by itself" in done.stderr
