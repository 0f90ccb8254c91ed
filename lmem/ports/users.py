"""What a service may ask of the users.

Not who a caller is (the socket says that) and not what a user prefers (lmem.ports.settings).
"""

from __future__ import annotations

from typing import Protocol

from lmem.domain.users import User
from lmem.ports.tables import Columns


class UserTable(Protocol):
    """The rows of `users`."""

    def find(self, user_id: str) -> User | None: ...

    def with_email(self, email: str) -> str | None:
        """The id of the user who has this address."""
        ...

    def active(self) -> list[User]:
        """Those who may write, the one seen last first."""
        ...

    def update(self, user_id: str, columns: Columns) -> None: ...
