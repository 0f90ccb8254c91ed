"""Nothing secret is stored: the texts of a call are screened before its handler sees them.

Not the rules of what a credential looks like (lmem.domain.secrets). Because this stands before every handler, a new
method is screened unless AS_GIVEN names it, and neither an error's sentence nor a log line can hold what was replaced.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from lmem.daemon.call import Call
from lmem.daemon.params import Params
from lmem.domain.secrets import Finding, screen_value
from lmem.errors import InvalidInput

AS_GIVEN = frozenset(
    ("memory/get", "memory/list", "memory/search", "memory/history", "memory/tags", "memory/export", "memory/undo",
     "memory/diff", "memory/timeline", "change/list", "pattern/list", "pattern/show", "pattern/forget",
     "config/get", "config/set", "config/unset", "config/list", "audit/list", "audit/verify",
     "store/verify", "store/repair", "store/sync", "store/rebuild", "graph/cypher",
     "relation/related", "relation/unlink", "graph/neighbours", "graph/path", "graph/communities", "graph/patterns",
     "graph/projects", "graph/export",
     "status/get", "status/wait", "status/doctor", "model/list", "model/use", "model/pull", "daemon/stop",
     "memory/add_many", "transaction/stage")
)  # fmt: skip
"""Methods whose texts are looked up and not stored, or are settings, which may be a server's password; and the bulk
add and what is staged, whose handlers screen item by item."""
MAY_KEEP = frozenset(("memory/add", "memory/edit"))
"""Methods, beside the bulk add, that take allow_secret; each writes to the audit log what kinds it kept."""
ONE_WORD = frozenset(("type", "category", "tag", "tags", "add_tags", "remove_tags"))
"""Fields that hold words, which take no brackets."""
LONG = 50_000
"""Characters from which on a thread screens, so that other clients are answered meanwhile."""
DEEPEST = 100


async def screened(call: Call) -> Params:
    """The parameters of a call, with every credential in a text replaced. Raises InvalidInput."""
    if call.method in AS_GIVEN:
        return Params(call.params)
    return await screened_object(call.params, call.method in MAY_KEEP)


async def screened_object(values: Mapping[str, object], may_keep: bool) -> Params:
    """As `screened`, for the parameters of a call or one item of a bulk add; allow_secret counts with `may_keep`."""
    keep = may_keep and values.get("allow_secret") is True
    if _size(values) < LONG:
        return screen_params(values, keep)
    return await asyncio.to_thread(screen_params, values, keep)


def screen_params(values: Mapping[str, object], keep: bool = False) -> Params:
    """Parameters with every credential replaced, or with `keep` only found. Raises InvalidInput for a deep nest."""
    found: list[dict[str, object]] = []
    clean = {name: _clean(value, name, name, found, 0) for name, value in values.items()}
    return Params(values, kept=found) if keep else Params(clean, redacted=found)


def _clean(value: object, name: str, path: str, found: list[dict[str, object]], depth: int) -> object:
    if isinstance(value, str):
        return _clean_text(value, name, path, found)
    if depth > DEEPEST:
        raise InvalidInput("The request is nested too deeply.", hint="Give plain objects and lists.")
    if isinstance(value, list):
        return [_clean(item, name, f"{path}[{at}]", found, depth + 1) for at, item in enumerate(value)]
    if isinstance(value, dict):
        prefix = "" if path == "changes" else f"{path}."
        return {
            _clean_text(key, "", f"{path} (a name)", found): _clean(item, key, f"{prefix}{key}", found, depth + 1)
            for key, item in value.items()
        }
    return value


def _clean_text(text: str, name: str, path: str, found: list[dict[str, object]]) -> str:
    screened = screen_value(name, text)
    if not screened.findings:
        return text
    found += [_to_wire(item, path) for item in screened.findings]
    if name in ONE_WORD:
        return f"redacted-{screened.findings[0].kind}"
    return screened.text


def _to_wire(finding: Finding, path: str) -> dict[str, object]:
    return {"kind": finding.kind, "field": path, "line": finding.line, "column": finding.column}


def _size(values: Mapping[str, object], depth: int = 0) -> int:
    """About how many characters the texts have; those in lists, or nested deeper than an edit's, are short."""
    total = 0
    for value in values.values():
        if isinstance(value, str):
            total += len(value)
        elif isinstance(value, dict) and depth < 2:
            total += _size(value, depth + 1)
    return total
