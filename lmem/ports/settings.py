"""What a service may ask of the settings that the truth holds.

Not the files (lmem.configfile) and not which level wins (lmem.service.settings).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Row:
    """One row of `system_config`, its value as text. Only a `configurable` one is changed by people."""

    key: str
    value: str
    configurable: bool
    updated_at: str
    updated_by: str | None


class SettingTable(Protocol):
    """`system_config`, `users.preferences_json` and `projects.config_json`."""

    def system(self) -> dict[str, Row]:
        """The rows of `system_config` by key."""
        ...

    def set_system(
        self, key: str, value: str, kind: str, meaning: str, user_id: str, at: str, configurable: bool = True
    ) -> None:
        """Write a value; a row that is not there yet becomes one that people may change, if `configurable`.

        `kind` is string, integer, float or boolean.
        """
        ...

    def preferences(self, user_id: str) -> dict[str, object]: ...

    def set_preferences(self, user_id: str, values: Mapping[str, object], at: str) -> int:
        """Replace a user's preferences; answers the user's new revision."""
        ...

    def project(self, project_id: str) -> dict[str, object]:
        """A project's own values, {} when there is no such project."""
        ...

    def projects(self, user_id: str) -> dict[str, dict[str, object]]:
        """By project id, of those that have values."""
        ...

    def set_project(self, project_id: str, values: Mapping[str, object], at: str) -> int:
        """Replace a project's values; answers the project's new revision."""
        ...
