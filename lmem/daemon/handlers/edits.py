"""What an edit changes, from its parameters: fields of a memory, each parsed.

Not a service: every error names what is wrong with the input.
"""

from __future__ import annotations

from collections.abc import Callable

from lmem.daemon.params import Params
from lmem.domain.layers import layers
from lmem.domain.memories import clean_context, clean_share, clean_tags, clean_text, clean_title, clean_word
from lmem.errors import InvalidInput


def changed_fields(params: Params, max_bytes: int) -> dict[str, object]:
    """The fields of Memory that `changes` names, each parsed. Raises InvalidInput, for an unknown field too."""
    parsers: dict[str, Callable[[], tuple[str, object]]] = {
        "title": lambda: ("title", clean_title(params.text("title"))),
        "content": lambda: ("content", clean_text(params.text("content"), max_bytes, remembered=True)),
        "summary": lambda: ("summary", clean_text(params.text("summary"), max_bytes, "summary", remembered=True)),
        "type": lambda: ("memory_type", clean_word(params.text("type"), "type")),
        "category": lambda: ("category", clean_word(params.text("category"), "category")),
        "tags": lambda: ("tags", clean_tags(params.texts("tags"))),
        "add_tags": lambda: ("add_tags", clean_tags(params.texts("add_tags"))),
        "remove_tags": lambda: ("remove_tags", clean_tags(params.texts("remove_tags"))),
        "importance": lambda: ("importance_score", clean_share(params.raw("importance"), "importance")),
        "decay_rate": lambda: ("decay_rate", clean_share(params.raw("decay_rate"), "decay rate")),
        "layer": lambda: ("layers", layers(params.texts("layer"))),
        "private": lambda: ("is_private", params.flag("private")),
        "context": lambda: ("context", clean_context(params.mapping("context"))),
    }
    changes: dict[str, object] = {}
    for name in params.names():
        if name not in parsers:
            raise InvalidInput(f"A memory has no field '{name[:40]}'.", hint=f"Fields are: {', '.join(parsers)}.")
        field, value = parsers[name]()
        changes[field] = value
    if not changes:
        raise InvalidInput("There is nothing to change.", hint="Name a field, for example --title.")
    return changes
