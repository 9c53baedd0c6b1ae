"""An empty inventory is made once and copied from then on."""

import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tonnage.inventory.statements import statements
from tonnage.inventory.writing import create

pytestmark = pytest.mark.slow

SCHEMA = "select schema_name, table_name, sql, comment from duckdb_tables() where database_name = 'i' order by all"
COLUMNS = "select * exclude (database_oid, schema_oid, table_oid) from duckdb_columns() where database_name = 'i'"
VIEWS = "select view_name, sql, comment from duckdb_views() where database_name = 'i' and not internal order by all"


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tonnage"


def schema_of(path: Path) -> list[list[tuple[object, ...]]]:
    with create(path):
        pass
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path}' as i (read_only)")
        return [sorted(connection.execute(query).fetchall(), key=str) for query in (SCHEMA, COLUMNS, VIEWS)]


def test_a_copy_is_what_the_statements_make(tmp_path: Path, cache_folder: Path) -> None:
    made, kept = schema_of(tmp_path / "made"), list(cache_folder.iterdir())
    copied = schema_of(tmp_path / "copied")
    assert made == copied
    assert len(made[0]) == len(statements("tables"))
    assert list(cache_folder.iterdir()) == kept != []


def _writable_by_others(kept: Path) -> None:
    kept.chmod(0o666)


def _behind_a_link(kept: Path) -> None:
    kept.rename(kept.with_name("elsewhere"))
    kept.symlink_to("elsewhere")
    os.chown(kept, 12345, 12345, follow_symlinks=False)


@pytest.mark.parametrize("spoil", [_writable_by_others, _behind_a_link])
@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another user")
def test_what_others_may_have_written_is_not_copied(
    tmp_path: Path, cache_folder: Path, spoil: Callable[[Path], None]
) -> None:
    made = schema_of(tmp_path / "made")
    (kept,) = cache_folder.iterdir()
    with duckdb.connect(str(kept)) as connection:
        connection.execute("create view planted as select 1 as one")
    spoil(kept)
    assert schema_of(tmp_path / "again") == made


def test_it_is_made_each_time_where_it_cannot_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    for place in (str(tmp_path / "file"), "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", place)
        assert len(schema_of(tmp_path / place.replace("/", "_"))[0]) == len(statements("tables"))
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    assert len(schema_of(tmp_path / "homeless")[0]) == len(statements("tables"))
    assert not (Path("relative")).exists()
