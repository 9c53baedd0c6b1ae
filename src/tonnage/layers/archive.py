"""A tar archive, read as it comes: names and sizes of its files. Pure.

Python's own reader will not do: it keeps every header it met, and takes a name of any length that a header declares.
Here a header is believed up to a limit, contents are skipped, and damage ends the reading instead of the program.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

_BLOCK = 512
_NAME_LIMIT = 65_536
"""Of the records that carry long names; what is longer is skipped, and the entry keeps its short name."""
_LONG_NAME, _LONG_LINK = b"L", b"K"
_PAX, _PAX_GLOBAL = b"x", b"g"
_FILES = (b"0", b"\0", b"7", b"S")
_SPARSE = b"S"


class Source(Protocol):
    """Bytes in their order."""

    def read(self, count: int) -> bytes:
        """Return so many bytes, or what is left."""

    def skip(self, count: int) -> bool:
        """Pass over so many bytes; return whether there were as many."""


class File(NamedTuple):
    """An entry of an archive."""

    path: str
    size_bytes: int
    is_file: bool


class DamagedError(Exception):
    """What comes is not a tar, or ends before its end."""


def entries(source: Source) -> Iterator[File]:
    """Yield the entries of an archive. Raises DamagedError where it cannot go on."""
    long_name, pax = "", {}
    while (header := source.read(_BLOCK)) and header.count(0) != len(header):
        if len(header) < _BLOCK or not _is_header(header):
            raise DamagedError
        kind, size_bytes = header[156:157], _number(header[124:136])
        if kind in (_LONG_NAME, _PAX):
            record = _record(source, size_bytes)
            if kind == _PAX:
                pax = _parse_pax(record)
            else:
                long_name = _text(record.rstrip(b"\0"))
            continue
        if kind in (_PAX_GLOBAL, _LONG_LINK):
            _skip(source, size_bytes)
            continue
        size_bytes = int(pax["size"]) if pax.get("size", "").isdecimal() else size_bytes
        stored_bytes = size_bytes if kind in _FILES else 0
        _skip_sparse_map(source, header, kind)
        yield File(
            pax.get("GNU.sparse.name") or pax.get("path") or long_name or _name(header), stored_bytes, kind in _FILES
        )
        _skip(source, stored_bytes)
        long_name, pax = "", {}


def _is_header(header: bytes) -> bool:
    """Return whether a block's checksum is right: the sum of its bytes, those of the checksum itself as blanks."""
    found = sum(header[:148]) + 8 * 32 + sum(header[156:])
    return found == _number(header[148:156])


def _number(field: bytes) -> int:
    """Return a number: octal digits, or for large ones binary, as GNU writes it. Raises DamagedError.

    >>> _number(b"0000755\\0"), _number(b"\\x80" + bytes(9) + b"\\x01\\x00")
    (493, 256)
    """
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    text = field.split(b"\0")[0].strip()
    if not all(byte in b"01234567" for byte in text):
        raise DamagedError
    return int(text, 8) if text else 0


def _name(header: bytes) -> str:
    name = header[:100].split(b"\0")[0]
    prefix = header[345:500].split(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return _text(prefix + b"/" + name if prefix else name)


def _text(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")


def _record(source: Source, size_bytes: int) -> bytes:
    """Return what stands in a record, or nothing if it is longer than any that is believed."""
    if size_bytes > _NAME_LIMIT:
        _skip(source, size_bytes)
        return b""
    record = source.read(size_bytes)
    _skip(source, size_bytes, already=len(record))
    return record


def _skip(source: Source, size_bytes: int, already: int = 0) -> None:
    if not source.skip(-(-size_bytes // _BLOCK) * _BLOCK - already):
        raise DamagedError


def _skip_sparse_map(source: Source, header: bytes, kind: bytes) -> None:
    """Pass over the blocks that say where the holes of a sparse file are."""
    is_extended = kind == _SPARSE and header[482:483] == b"\1"
    while is_extended:
        block = source.read(_BLOCK)
        if len(block) < _BLOCK:
            raise DamagedError
        is_extended = block[504:505] == b"\1"


def _parse_pax(record: bytes) -> dict[str, str]:
    """Return the values of a record: lines of `length key=value`.

    >>> _parse_pax(b"12 size=123\\n9 a=b=c\\n")
    {'size': '123', 'a': 'b=c'}
    """
    found = {}
    while record:
        length, blank, _ = record.partition(b" ")
        if not blank or not length.isdigit() or not len(length) < int(length[:9]) <= len(record):
            break
        key, _, value = record[len(length) + 1 : int(length)].rstrip(b"\n").partition(b"=")
        found[_text(key)] = _text(value)
        record = record[int(length) :]
    return found
