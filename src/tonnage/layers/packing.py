"""Packed bytes, unpacked as they come: gzip, zstd, or as they are."""

import sys
import zlib
from collections.abc import Iterator
from itertools import chain
from typing import Any

from tonnage.layers.archive import DamagedError

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_AT_ONCE = 1_048_576
"""Unpacked bytes at a time: a small piece may hold a thousand times as much."""


def unpacked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what is packed in some pieces. Raises DamagedError."""
    first = next(pieces, b"")
    while len(first) < 4 and (more := next(pieces, b"")):
        first += more
    whole = chain([first], pieces)
    if first.startswith(_GZIP):
        return _gunzip(whole)
    return _unzstd(whole) if first.startswith(_ZSTD) else iter(whole)


def _gunzip(pieces: Iterator[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits=31)
    for piece in pieces:
        todo = piece
        while todo:
            try:
                found = unpacker.decompress(todo, _AT_ONCE)
            except zlib.error as error:
                raise DamagedError from error
            if found:
                yield found
            todo = unpacker.unconsumed_tail
            if unpacker.eof:  # several packed one after the other are one, and what follows that is not gzip is padding
                todo = unpacker.unused_data
                if not todo.startswith(_GZIP):
                    break
                unpacker = zlib.decompressobj(wbits=31)


def _unzstd(pieces: Iterator[bytes]) -> Iterator[bytes]:
    zstd = _zstd()
    unpacker = zstd.ZstdDecompressor()
    for piece in pieces:
        todo = piece
        while todo or not unpacker.needs_input:
            try:
                found = unpacker.decompress(todo, _AT_ONCE)
            except zstd.ZstdError as error:
                raise DamagedError from error
            todo = b""
            if found:
                yield found
            if unpacker.eof:
                todo = unpacker.unused_data
                if not todo:
                    unpacker = zstd.ZstdDecompressor()
                    break
                unpacker = zstd.ZstdDecompressor()


def _zstd() -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd
