"""What a tool was called with, held against the tool's own schema: every complaint is a sentence a model can act on.

Not a JSON Schema validator: it knows the few words that the schemas of TOOLS use, and a test holds them to these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from lmem.errors import InvalidInput

Schema = Mapping[str, object]
Json = dict[str, object]

KINDS: dict[str, tuple[str, tuple[type, ...]]] = {
    "string": ("a text", (str,)),
    "integer": ("a whole number", (int,)),
    "number": ("a number", (int, float)),
    "boolean": ("true or false", (bool,)),
    "array": ("a list of texts", (list,)),
}


def checked(name: str, schema: Schema, given: Mapping[str, object]) -> Json:
    """The arguments with their defaults, without null ones; one text where a list is wanted is a list of one.

    Raises InvalidInput.
    """
    properties = cast(Mapping[str, Schema], schema["properties"])
    known = ", ".join(properties)
    for argument in given:
        if argument not in properties:
            raise InvalidInput(f"{name} has no argument '{argument[:40]}'.", hint=f"Arguments are: {known}.")
    found = {argument: value for argument, value in given.items() if value is not None}
    for argument in cast(list[str], schema.get("required", [])):
        if argument not in found:
            wanted = _wanted(properties[argument])
            raise InvalidInput(f"{name} needs the argument '{argument}'.", hint=f"Give {wanted}.")
    defaults = {argument: wanted["default"] for argument, wanted in properties.items() if "default" in wanted}
    return defaults | {argument: _value(argument, properties[argument], value) for argument, value in found.items()}


def _value(argument: str, wanted: Schema, value: object) -> object:
    if wanted["type"] == "array":
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise _wrong(argument, wanted)
        if not cast(int, wanted.get("minItems", 0)) <= len(items) <= cast(int, wanted.get("maxItems", len(items))):
            raise _wrong(argument, wanted)
        return items
    _, types = KINDS[cast(str, wanted["type"])]
    if isinstance(value, float) and value.is_integer() and int in types:
        value = int(value)
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise _wrong(argument, wanted)
    if isinstance(value, str) and not value.strip() and wanted.get("minLength"):
        raise InvalidInput(f"'{argument}' is empty.", hint=f"Give {_wanted(wanted)}.")
    choices = cast(list[str], wanted.get("enum", [value]))
    if value not in choices:
        raise _wrong(argument, wanted)
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = cast(float, wanted.get("minimum", value)), cast(float, wanted.get("maximum", value))
        if not low <= value <= high:
            raise _wrong(argument, wanted)
    return value


def _wrong(argument: str, wanted: Schema) -> InvalidInput:
    return InvalidInput(f"'{argument}' must be {_wanted(wanted)}.", hint="Call the tool again with that corrected.")


def _wanted(wanted: Schema) -> str:
    """What an argument has to be, in words."""
    if "enum" in wanted:
        return f"one of {', '.join(cast(list[str], wanted['enum']))}"
    kind, _ = KINDS[cast(str, wanted["type"])]
    if "minimum" in wanted and "maximum" in wanted:
        return f"{kind} from {wanted['minimum']} to {wanted['maximum']}"
    if "maxItems" in wanted:
        return f"{kind}, {wanted.get('minItems', 0)} to {wanted['maxItems']} of them"
    return kind
