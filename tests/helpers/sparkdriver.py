"""An Apache Spark for tests, in a process of its own that takes one call after another: to start it takes ten seconds.

with spark() as driver:
    code, said = driver.job("/srv/registry", "rows", "--keys", "manifest.json")
    columns, rows = driver.ask("select 1 as one")
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

import pytest

from processes import descendants

LIBRARIES = Path(__file__).parents[2] / ".spark"
"""Where scripts/install-test-programs.sh puts PySpark."""
START_SECONDS = 280.0
_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
# The last six have Java compile and plan less: there is little data.
_SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "3",
    "spark.driver.memory": "1g",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "500",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.extraJavaOptions": _JAVA,
    "spark.executor.extraJavaOptions": _JAVA,
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.constraintPropagation.enabled": "false",
}


def missing() -> str:
    """Return what is missing for Spark; nothing if it can run."""
    if not (LIBRARIES / "installed").exists():
        return "PySpark in .spark: scripts/install-test-programs.sh"
    return "" if shutil.which("java") else "java, Debian package default-jre-headless"


def guard() -> None:
    """Skip a test where Spark is not installed. In CI that is a failure, not a skip."""
    if lacks := missing():
        message = f"NOT TESTED AGAINST SPARK: missing {lacks}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)


class Driver:
    """A driver that waits for calls."""

    def __init__(self, process: subprocess.Popen[bytes], calls: Connection, log: Path) -> None:
        self.process = process
        self.calls = calls
        self.log = log
        """What Spark says."""

    def job(self, *arguments: str) -> tuple[int, str]:
        """Run `python -m tonnage.spark`; return its exit code and what it says."""
        return self._call("job", arguments)

    def ask(self, sql: str, values: Mapping[str, Any] | None = None) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Return the columns and rows that a statement answers. Raises AssertionError if Spark refuses it."""
        return self._call("ask", (sql, dict(values or {})))

    def keys(self, report: Path, start: str) -> list[tuple[Any, ...]]:
        """Return the keys of a report that begin so: path, size, time in µs, ETag, and whether it is an old version."""
        return self._call("keys", (str(report), start))

    def _call(self, what: str, given: Any) -> Any:
        self.calls.send((what, given))
        found = self.calls.recv()
        assert not isinstance(found, Exception), found
        return found


@contextmanager
def spark(variables: Mapping[str, str]) -> Iterator[Driver]:
    """Run a driver on two cores of this machine until the end of the block, with these variables in its environment."""
    folder = Path(tempfile.mkdtemp(prefix="tonnage-spark-"))
    settings = [f"--conf {shlex.quote(f'{name}={value}')}" for name, value in settings_in(folder).items()]
    words = ["--master", "local[2]", *settings, "pyspark-shell"]
    given = {**environment(), **variables, "PYSPARK_SUBMIT_ARGS": " ".join(words)}
    log = folder / "log"
    try:
        with Listener(str(folder / "calls")) as listener, log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, __file__, str(folder / "calls")],
                env=given,
                stdout=output,
                stderr=output,
                cwd=folder,
            )
            try:
                yield Driver(process, _answer(listener, process, log), log)
            finally:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=20)
                process.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def settings_in(folder: Path) -> dict[str, str]:
    """Return Spark's settings for tests, with what it writes in a folder."""
    return _SETTINGS | {
        "spark.local.dir": f"{folder}/local",
        "spark.sql.warehouse.dir": f"{folder}/warehouse",
        "spark.executorEnv.PYTHONPATH": str(LIBRARIES),
    }


def environment() -> dict[str, str]:
    """Return the environment in which Spark's own programs find the libraries."""
    return {
        **os.environ,
        "PYTHONPATH": str(LIBRARIES),
        "PYSPARK_PYTHON": sys.executable,
        "TZ": "UTC",  # in which PySpark hands out times
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_HOME": str(LIBRARIES / "pyspark"),
    }


@contextmanager
def submitted(job: Path, *arguments: str, master: str) -> Iterator[subprocess.Popen[str]]:
    """Hand a file to spark-submit, and yield the process; what it and Spark say is in its stdout."""
    folder = Path(tempfile.mkdtemp(prefix="tonnage-spark-"))
    settings = [f"--conf={name}={value}" for name, value in settings_in(folder).items()]
    submit = str(LIBRARIES / "pyspark" / "bin" / "spark-submit")
    words = [submit, "--master", master, *settings, str(job), *arguments]
    process = subprocess.Popen(
        words, env=environment(), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def executors_of(process: subprocess.Popen[str]) -> list[int]:
    """Return the executors that a driver has begun and that run Python by now."""
    found = [pid for pid in descendants(process.pid) if b"CoarseGrainedExecutorBackend" in _words(pid)]
    return [pid for pid in found if any(b"pyspark" in _words(child) for child in descendants(pid))]


def _words(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _answer(listener: Listener, process: subprocess.Popen[bytes], log: Path) -> Connection:
    listener._listener._socket.settimeout(START_SECONDS)  # type: ignore[attr-defined]
    try:
        return listener.accept()
    except TimeoutError:
        raise AssertionError(f"Spark did not start: {process.poll()}\n{log.read_text()}") from None


def _serve(address: str) -> None:
    """Take calls until nobody calls any more."""
    from pyspark.sql import SparkSession

    session = SparkSession.builder.getOrCreate()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    with Client(address) as calls, contextlib.suppress(EOFError):
        while True:
            what, given = calls.recv()
            try:
                calls.send(_CALLS[what](session, given))
            except Exception as error:
                calls.send(AssertionError(f"{type(error).__name__}: {error}"))


def _run_job(_: Any, arguments: list[str]) -> tuple[int, str]:
    from tonnage.cli import main
    from tonnage.spark.__main__ import command

    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            main(list(arguments), command, "python -m tonnage.spark")
        except SystemExit as ended:
            return int(ended.code or 0), said.getvalue()
    raise AssertionError("the job did not end by itself")


def _run_query(session: Any, given: tuple[str, dict[str, Any]]) -> tuple[list[str], list[tuple[Any, ...]]]:
    sql, values = given
    found = session.sql(sql, args=values) if values else session.sql(sql)
    return found.columns, [tuple(row) for row in found.collect()]


def _read_keys(session: Any, given: tuple[str, str]) -> list[tuple[Any, ...]]:
    from tonnage.spark.keys import of_report
    from tonnage.spark.workers import FOUND
    from tonnage.storage.bucket.options import BucketOptions

    report, start = given
    return [tuple(row) for row in of_report(session, report, BucketOptions()).below(start).select(*FOUND).collect()]


_CALLS = {"job": _run_job, "ask": _run_query, "keys": _read_keys}

if __name__ == "__main__":
    _serve(sys.argv[1])
