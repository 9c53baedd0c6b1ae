"""Files that an operator names: read whole, if they are files of a sensible size, and never waited for."""

import errno
import os
import stat

_LARGEST_BYTES = 1 << 18
"""A web configuration with some thousand users; a bundle of certificates."""


def read_file(path: str) -> str:
    """Return a file's text. Raises OSError, UnicodeDecodeError; a pipe, a device or a large file is an OSError."""
    if "\0" in path:
        raise OSError(errno.EINVAL, "no path has a null character in it")
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        content = file.read(_LARGEST_BYTES + 1)
    if len(content) > _LARGEST_BYTES:
        raise OSError(errno.EFBIG, f"it is larger than {_LARGEST_BYTES} bytes")
    return content.decode()
