"""as_of and recorded_as_of of memory/get, list and search: an earlier time's answers, in the same shapes.

Not the replay of versions; those rules are in lmem.service.past.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timedelta

from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json, cut_json, memory_json, next_json
from lmem.daemon.params import Params
from lmem.daemon.reading import read
from lmem.daemon.services import Services
from lmem.domain import times
from lmem.domain.history import AsOf
from lmem.errors import InvalidInput

NOTE = "Full text over what was known then; the vectors know only the present."

LAST_OF_SECOND = timedelta(milliseconds=999)
"""git counts whole seconds."""


async def moment(services: Services, call: Call, params: Params) -> AsOf | None:
    """The time a call looks back to, None for the present; a bare date is the end of that local day, a commit of the
    caller's repository the second in which it was made.

    Raises InvalidInput for what is neither, and for both times at once; LmemError when git does not answer.
    """
    held, recorded = [await _moment(services, call, params, name) for name in ("as_of", "recorded_as_of")]
    if held and recorded:
        raise InvalidInput(
            "--as-of and --recorded-as-of do not go together.", hint="Ask for when it held, or for when lmem knew it."
        )
    chosen = held or recorded
    return AsOf(times.to_text(chosen), recorded=recorded is not None) if chosen else None


async def _moment(services: Services, call: Call, params: Params, name: str) -> datetime | None:
    try:
        return params.moment(name, services.clock.now(), end_of_day=True)
    except InvalidInput as err:
        found = await services.revisions.moment(call.caller.cwd, params.text(name))
        if found is None:
            neither = f"{err.message[:-1]}, nor a commit of the repository you are in."
            raise InvalidInput(neither, hint=err.hint) from err
        return found + LAST_OF_SECOND


async def get(services: Services, call: Call, params: Params, then: AsOf) -> Json:
    """memory/get of an earlier time: the memory as it was, with the number of that version."""
    actor = services.actor(call)
    memory, version = await services.past.get(actor, params.text("id"), then)
    services.activity.read(actor, [memory.id])
    names = await services.project_names([memory.project_id])
    return {**memory_json(memory, names), **to_wire(then), "version": version.number, "version_at": version.recorded_at}


async def page(services: Services, call: Call, params: Params, order: str, then: AsOf) -> Json:
    """memory/list of an earlier time."""
    limit, offset = params.number("limit", 20, 1, 1000), params.number("offset", 0, 0, 10_000_000)
    reading = await read(services, call, params)
    wanted = replace(reading.wanted, temporal=True)  # the question is one of time
    memories, total, ended = await services.past.page(wanted, then, order, limit, offset)
    services.activity.listed(reading.actor, "memory", params.names(), len(memories))
    names = await services.project_names(memory.project_id for memory in memories)
    return {
        "memories": [memory_json(memory, names) for memory in memories],
        "total": total,
        **next_json(ended, offset + len(memories)),
        "scope": reading.to_wire(),
        **to_wire(then),
    }


async def search(services: Services, call: Call, params: Params, query: str, then: AsOf) -> Json:
    """memory/search of an earlier time."""
    started = time.perf_counter()
    reading = await read(services, call, params)
    wanted = replace(reading.wanted, temporal=True)
    found = await services.past.search(query, wanted, then, params.number("limit", 10, 1, 200))
    services.activity.searched(reading.actor, query, [item.memory.id for item in found])
    names = await services.project_names(item.memory.project_id for item in found)
    results: list[Json] = [
        {
            "id": item.memory.id,
            "title": item.memory.title,
            "content": item.memory.content,
            "type": item.memory.memory_type,
            "score": round(item.ranked.score, 6),
            "created_at": item.memory.created_at,
            "source_tool": item.memory.source_tool,
            "project": names.get(item.memory.project_id or ""),
            "layer": item.memory.layers.primary,
            "tags": list(item.memory.tags),
            "line": item.line and {"number": item.line[0], "text": item.line[1][:400]},
            **cut_json(item.memory),
        }
        for item in found
    ]
    answer: Json = {
        "results": results,
        "served_by": ["versions"],
        "degraded": [],
        "scope": reading.to_wire(),
        **to_wire(then),
        "note": NOTE,
    }
    if not found:
        answer["empty"] = {
            "reason": f"Nothing that was known at {then.at[:19]}Z matches.",
            "corpus": None,
            "unknown_terms": [],
            "near": [],
        }
    return {**answer, "took_ms": round((time.perf_counter() - started) * 1000, 3)}


def to_wire(then: AsOf) -> Json:
    """The answer's `as_of` or `recorded_as_of`."""
    return {"recorded_as_of" if then.recorded else "as_of": then.at}
