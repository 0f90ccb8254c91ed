"""A file that appears whole or not at all, as an export writes it.

Not for files that others may write too (see `lmem.configfile`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def whole(path: str) -> Iterator[TextIO]:
    """A new file beside `path`, for its owner alone, which takes its place at the end; what fails leaves nothing there.

    Raises OSError, which names `path`: nobody asked for the other one.
    """
    part = f"{path}.part"
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with open(handle, "w", encoding="utf-8") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        finally:
            if os.path.exists(part):
                os.unlink(part)
    except OSError as err:
        if err.filename != part:
            raise
        raise OSError(err.errno, err.strerror, path) from err
