"""The error tree: codes and exit statuses as documented, and every error the same on both sides of the wire."""

from __future__ import annotations

import json
import re

import pytest

from lmem import errors
from lmem.errors import ERRORS, LmemError, from_wire

CLASSES = [
    found for found in vars(errors).values() if isinstance(found, type) and issubclass(found, LmemError)
]
NAMES = [cls.__name__ for cls in CLASSES]


@pytest.mark.parametrize("cls", CLASSES, ids=NAMES)
def test_an_error_survives_the_wire(cls: type[LmemError]) -> None:
    sent = cls("A sentence.", hint="A step.")
    got = from_wire(sent.message, json.loads(json.dumps(sent.to_wire())))
    assert type(got) is cls and (got.message, got.hint, str(got)) == ("A sentence.", "A step.", "A sentence.")
    assert got.to_wire() == sent.to_wire()


@pytest.mark.parametrize("cls", CLASSES, ids=NAMES)
def test_an_error_without_arguments_is_a_sentence_with_a_next_step(cls: type[LmemError]) -> None:
    error = cls()
    assert error.message == str(error) and re.fullmatch(r"\w.*\.", error.message)
    assert re.fullmatch(r"\w.*\.", error.hint)
    assert error.to_wire() == {"code": cls.code, "hint": error.hint, "retryable": cls.retryable}


def test_every_code_is_one_class() -> None:
    assert len(ERRORS) == len(CLASSES) and set(ERRORS.values()) == set(CLASSES)
    assert all(ERRORS[cls.code] is cls and re.fullmatch("[a-z_]+", cls.code) for cls in CLASSES)


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = re.findall(r"[├└]── (\w+) +(\w+) +exit (\d+)", errors.__doc__ or "")
    real = [(cls.__name__, cls.code, str(cls.exit_status)) for cls in CLASSES if cls is not LmemError]
    assert sorted(drawn) == sorted(real)


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        ({}, LmemError.default_hint),
        ({"code": "of_a_newer_lmem", "hint": "Upgrade."}, "Upgrade."),
        ({"code": None, "hint": 5}, LmemError.default_hint),
        ({"code": ["x"], "hint": ""}, LmemError.default_hint),
    ],
)
def test_an_unknown_error_is_a_plain_one(data: dict[str, object], hint: str) -> None:
    error = from_wire("What it says.", data)
    assert type(error) is LmemError and (error.message, error.hint) == ("What it says.", hint)


def test_an_error_without_a_message_says_what_its_class_means() -> None:
    assert from_wire("", {"code": "not_found"}).message == "There is nothing by that name."
