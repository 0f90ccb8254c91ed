"""A store whose settings cannot be used: every call says why.

Not a fallback: what a server holds is not answered from elsewhere, and nothing is built anew because of a typing error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from lmem.errors import StoreDown


class Unusable:
    """Stands for any port of the index worker; `message` and `hint` are those of the error about the settings."""

    def __init__(self, message: str, hint: str) -> None:
        self._message = message
        self._hint = hint

    def __getattr__(self, method: str) -> Callable[..., NoReturn]:
        def refuse(*_: object, **__: object) -> NoReturn:
            raise StoreDown(self._message, hint=self._hint)

        return refuse
