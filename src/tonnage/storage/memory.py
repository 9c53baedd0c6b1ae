"""A registry in memory: the storage of tests and notebooks, flat as a bucket is."""

from collections.abc import Iterator

from tonnage.storage import Entry, Format, Part


class MemoryStorage:
    """A storage of paths and their bytes, relative to the folder that has `blobs/` and `repositories/`."""

    format = Format.REGISTRY
    requests_at_once = 0

    def __init__(self, files: dict[str, bytes], location: str = "memory:") -> None:
        self.files = files
        self.location = location

    def parts(self) -> Iterator[Part | Entry]:
        """Yield the whole as one part."""
        yield Part("")

    def list(self, prefix: str, unopened_before_us: int = 0) -> Iterator[Entry]:
        """Yield every file; there are no folders here."""
        for path, content in self.files.items():
            if path.startswith(prefix):
                yield Entry(path, len(content), None)

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return the first `limit_bytes` of a file. Raises FileNotFoundError."""
        if path not in self.files:
            raise FileNotFoundError(path)
        return self.files[path][:limit_bytes]

    def stream(self, path: str) -> Iterator[bytes]:
        """Yield a file piece by piece. Raises FileNotFoundError."""
        content = self.read(path, len(self.files.get(path, b"")))
        yield from (content[at : at + 1000] for at in range(0, len(content), 1000))

    def describe_requests(self) -> str:
        """Return nothing: reading costs nothing."""
        return ""

    def is_large(self) -> bool:
        """Return False: nothing is opened here."""
        return False
