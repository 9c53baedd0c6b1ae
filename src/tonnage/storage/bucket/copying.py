"""An inventory report in a bucket, where each cloud delivers it: copied to a folder of this machine, for DuckDB to read.

DuckDB reads a report several times, and needs files for that. A large file comes in pieces: the time limit is one
request's, and a report of a hundred million keys has files of gigabytes.
"""

from itertools import count
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from obstore.exceptions import BaseError

from tonnage.errors import WriteError
from tonnage.storage.bucket.address import parse_address
from tonnage.storage.bucket.connecting import connect
from tonnage.storage.bucket.errors import lacks_bucket, raise_for, understand
from tonnage.storage.bucket.options import BucketOptions
from tonnage.storage.report_files import beside

_PIECE_BYTES = 16 * 1024 * 1024
_HINT = "a report is copied before it is read: set TMPDIR to a folder with room for it"


class BucketFolder:
    """The folder of a report in a bucket, by the address of a file in it. The copies go when `copies` does."""

    def __init__(self, address: str, options: BucketOptions) -> None:
        self.place = parse_address(address)
        self.store = connect(self.place, options)
        self.copies = _temporary_folder()
        self.numbers = count()
        self.gets_count = 0

    def content(self) -> bytes:
        """Return the bytes of the file. Raises OSError, BucketError, WriteError."""
        return Path(self.itself()).read_bytes()

    def itself(self) -> str:
        """Return where its copy is. Raises OSError, BucketError, WriteError."""
        return self._copy(self.place.prefix)

    def named(self, key: str) -> str:
        """Return where the copy of a file is that it names: by its key, or beside its manifest. Raises the same."""
        for place in (key, *map(str, beside(PurePosixPath(self.place.prefix), key))):
            try:
                return self._copy(place)
            except FileNotFoundError:
                continue
        bucket = self.place._replace(prefix="").location
        raise FileNotFoundError(f"it names `{key}`, which is not in `{bucket}`, and neither beside it nor in `data`")

    def _copy(self, key: str) -> str:
        location = self.place._replace(prefix=key).location
        packed = ".gz" if key.lower().endswith(".gz") else ""  # by which DuckDB knows
        path = Path(self.copies.name) / f"{next(self.numbers)}{packed}"
        try:
            self._fetch(key, path)
        except FileNotFoundError as error:
            if lacks_bucket(error):
                raise_for(location, understand(error), error)
            raise FileNotFoundError(f"there is no `{location}`") from error
        except BaseError as error:
            raise_for(location, understand(error), error)
        except OSError as error:
            raise WriteError(f"cannot copy `{location}` to `{path}`: {error.strerror or error}", _HINT) from error
        return str(path)

    def _fetch(self, key: str, path: Path) -> None:
        self.gets_count += 1
        found = self.store.get(key)
        size_bytes = found.meta["size"]
        with path.open("wb") as file:
            if size_bytes <= _PIECE_BYTES:
                file.write(found.bytes())
                return
            for start in range(0, size_bytes, _PIECE_BYTES):
                self.gets_count += 1
                file.write(self.store.get_range(key, start=start, end=min(start + _PIECE_BYTES, size_bytes)))


def _temporary_folder() -> TemporaryDirectory[str]:
    try:
        return TemporaryDirectory(prefix="tonnage-report-")
    except OSError as error:
        raise WriteError(f"no place for a copy of the report: {error}", _HINT) from error
