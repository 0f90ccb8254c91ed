"""The parameters of a call, parsed once: from JSON to typed values, with an error that names the field.

Not the meaning of the values; lmem.domain checks what a tag or a type may be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from lmem.domain import times
from lmem.domain.filters import Filter
from lmem.domain.layers import layers
from lmem.domain.memories import clean_share, clean_tags, clean_text, clean_word
from lmem.errors import InvalidInput

MAX_REASON = 10_000
"""Bytes."""


class Params:
    """Typed access to the members of one JSON object.

    `redacted` are the credentials that were replaced in it, `kept` those left in because the caller allowed it: each
    with kind, field, line and column (lmem.daemon.screening).
    """

    def __init__(
        self,
        values: Mapping[str, object],
        redacted: Sequence[Mapping[str, object]] = (),
        kept: Sequence[Mapping[str, object]] = (),
    ) -> None:
        self._values = values
        self.redacted = [dict(item) for item in redacted]
        self.kept = [dict(item) for item in kept]

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def names(self) -> list[str]:
        """The members that are there, null ones too."""
        return list(self._values)

    def raw(self, name: str) -> object:
        return self._values.get(name)

    def text(self, name: str) -> str:
        """A required text. Raises InvalidInput."""
        found = self.maybe_text(name)
        if found is None:
            raise InvalidInput(f"The parameter '{name}' is missing.")
        return found

    def maybe_text(self, name: str) -> str | None:
        """A text, or None when it is absent or null. Raises InvalidInput."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise InvalidInput(f"'{name}' must be a text, not {type(value).__name__}.")
        return _utf8(name, value)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; one text counts as a list of one."""
        value = self._values.get(name)
        if value is None:
            return ()
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise InvalidInput(f"'{name}' must be a list of texts.")
        return tuple(_utf8(name, item) for item in items)

    def flag(self, name: str) -> bool:
        value = self._values.get(name, False)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise InvalidInput(f"'{name}' must be true or false.")

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        value = self._values.get(name)
        if value is None:
            return default
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise InvalidInput(f"'{name}' must be a whole number from {low} to {high}.")
        return value

    def seconds(self, name: str, default: float, high: float) -> float:
        """A length of time from 0 to `high` seconds."""
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= high:
            raise InvalidInput(f"'{name}' must be a number of seconds from 0 to {high:g}.")
        return float(value)

    def reason(self) -> str | None:
        """Why something is done, in the user's words; None when that is absent or blank."""
        value = self.maybe_text("reason")
        return clean_text(value, MAX_REASON, "reason") if value and value.strip() else None

    def share(self, name: str, what: str) -> float | None:
        """A number from 0 to 1, or None."""
        value = self._values.get(name)
        return None if value is None else clean_share(value, what)

    def moment(self, name: str, now: datetime, end_of_day: bool = False) -> datetime | None:
        """A date or time as typed by a person."""
        value = self.maybe_text(name)
        return None if value is None else times.parse_moment(value, now, end_of_day)

    def mapping(self, name: str) -> dict[str, object]:
        value = self._values.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise InvalidInput(f"'{name}' must be an object.")
        return value

    def filter(self, user_id: str, project_id: str | None, shared: bool, now: datetime) -> Filter:
        """The filter that list, search and export share. Raises InvalidInput."""
        since, until = self.moment("since", now), self.moment("until", now, end_of_day=True)
        return Filter(
            user_id=user_id,
            types=tuple(clean_word(item, "type") for item in self.texts("type")),
            tags=clean_tags(self.texts("tag")),
            categories=tuple(clean_word(item, "category") for item in self.texts("category")),
            layers=layers(self.texts("layer")).names,
            project_id=project_id,
            session_id=self.maybe_text("session"),
            since=times.to_text(since) if since else None,
            until=times.to_text(until) if until else None,
            min_importance=self.share("min_importance", "minimal importance"),
            archived=self.flag("archived"),
            private_only=self.flag("private"),
            shared=shared,
        )


def _utf8(name: str, text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as err:  # JSON can spell half a surrogate pair, which no store takes
        raise InvalidInput(f"'{name}' is not valid UTF-8.", hint="Convert it, for example with iconv.") from err
    return text
