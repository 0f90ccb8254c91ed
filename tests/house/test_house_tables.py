"""One table for each idea: the error tree as drawn, methods with their handlers, settings with their words."""

from __future__ import annotations

import re

import pytest

from lmem import errors
from lmem.daemon.dispatch import HANDLERS
from lmem.protocol.messages import METHODS
from lmem.settings import SETTINGS, Setting
from tests.house.source import sources

DRAWN = re.compile(r"^ {4}(?P<branch>[│ ├└─]*)(?P<name>[A-Z]\w+)(?: +(?P<code>\w+) +exit (?P<exit>\d+))?$", re.M)


def _drawn() -> list[tuple[str, str, str | None, str | None]]:
    """(parent, class, code, exit) of each line of the tree in the docstring of lmem.errors."""
    rows, path = [], dict[int, str]()
    for line in DRAWN.finditer(errors.__doc__ or ""):
        depth = len(line["branch"]) // 4
        path[depth] = line["name"]
        rows.append((path.get(depth - 1, "Exception"), line["name"], line["code"], line["exit"]))
    return rows


def test_the_error_tree_is_drawn_as_it_is() -> None:
    drawn = {name: parent for parent, name, _, _ in _drawn()}
    real = {cls.__name__: cls.__bases__[0].__name__ for cls in errors.ERRORS.values()}
    assert drawn == real


def test_codes_and_exit_statuses_are_drawn_as_they_are() -> None:
    drawn = {name: (code, exit_) for _, name, code, exit_ in _drawn() if name != "LmemError"}
    real = {cls.__name__: (cls.code, str(cls.exit_status)) for cls in errors.ERRORS.values()}
    del real["LmemError"]
    assert drawn == real


@pytest.mark.parametrize("cls", errors.ERRORS.values(), ids=errors.ERRORS)
def test_an_error_is_a_sentence_with_a_next_step(cls: type[errors.LmemError]) -> None:
    error = cls()
    assert error.message.endswith(".")
    assert error.hint.endswith(".")
    assert cls.exit_status in {1, 2, 3, 4, 5, 6, 10}


def test_every_class_has_a_code_of_its_own() -> None:
    classes = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, errors.LmemError)]
    assert sorted(errors.ERRORS) == sorted({cls.code for cls in classes})
    assert len(classes) == len(errors.ERRORS)


def test_every_method_has_a_handler_and_every_handler_a_method() -> None:
    assert sorted(METHODS) == sorted(HANDLERS)


@pytest.mark.parametrize(("method", "meaning"), METHODS.items())
def test_a_method_is_a_noun_a_verb_and_a_sentence(method: str, meaning: str) -> None:
    assert re.fullmatch(r"[a-z]+/[a-z_]+", method)
    assert meaning.endswith(".")


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_a_setting_has_a_dotted_key_and_a_sentence(setting: Setting) -> None:
    assert re.fullmatch(r"([a-z0-9]+\.)*[a-z_]+", setting.key)
    assert setting.meaning.endswith(".")


def test_no_setting_is_dead() -> None:
    texts = [source.text for source in sources() if source.module != "lmem.settings"]
    families = {setting.key: setting.key.rpartition(".")[0] for setting in SETTINGS}  # decay.rates.TYPE is read as one
    read = {
        key: (f'"{key}"', f'"{family}."', f'f"{family}.{{', f'"{key.removesuffix("_file").removesuffix("_command")}"')
        for key, family in families.items()
    }
    dead = [key for key, forms in read.items() if not any(form in text for form in forms for text in texts)]
    assert not dead, "nothing reads these settings"
