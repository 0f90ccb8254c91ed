"""The file of the authorities that a server's certificate may come from, looked at before a driver is given it.

Not a connection: each driver makes its own from the file.
"""

from __future__ import annotations

import ssl

from lmem.errors import InvalidInput


def readable(ca_file: str, setting: str) -> str:
    """`ca_file` itself. Raises InvalidInput, which names `setting` ('redis.ca_file'), when it holds no certificates."""
    try:
        ssl.create_default_context(cafile=ca_file)
    except OSError as err:
        raise InvalidInput(
            f"The certificates in {ca_file} cannot be read: {err.strerror or err}.", hint=f"Correct {setting}."
        ) from err
    return ca_file
