"""memory/search: a question to the search service, its answer to JSON.

Not a ranking; the reasons it shows come from the service.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from lmem.daemon.call import Call
from lmem.daemon.handlers import past
from lmem.daemon.handlers.records import Json, cut_json
from lmem.daemon.params import Params
from lmem.daemon.reading import range_to_wire, read
from lmem.daemon.services import Services
from lmem.domain.actors import Actor
from lmem.domain.cues import is_detail
from lmem.domain.timewords import extract
from lmem.errors import InvalidInput, StoreUnavailable
from lmem.service.search import Answer, Empty, Found, Rules

INDEXES = ("fts", "sparse", "dense")


async def search(services: Services, call: Call, params: Params) -> Json:
    started = time.perf_counter()
    query, only = params.text("query"), params.maybe_text("only")
    if not query.strip():
        raise InvalidInput("The question is empty.", hint='Ask in plain words: lmem search "why did we choose X".')
    semantic = params.flag("semantic")
    if semantic and only not in (None, "dense"):
        raise InvalidInput("A search by meaning alone asks the index 'dense' alone.", hint="Leave --only out.")
    if only is not None and only not in INDEXES:
        raise InvalidInput(f"There is no index '{only[:40]}'.", hint=f"Indexes are: {', '.join(INDEXES)}.")
    then = await past.moment(services, call, params)
    if then is not None:
        return await past.search(services, call, params, query, then)
    span, rest = (None, query) if "since" in params or "until" in params else extract(query, services.clock.now())
    detail = span if span is not None and is_detail(span) else None
    reading = await read(services, call, params, span, bounds=detail is None)
    limit = params.number("limit", 10, 1, 200)
    config = await services.config(call, reading.scope.project_id)
    least = config.share("semantic_search_threshold") if semantic else None
    rules = Rules(config.flag("memory_decay_enabled"), least)
    only = "dense" if semantic else only
    asked = rest if rest.strip() and detail is None else query
    answer = await services.search.search(asked, reading.wanted, limit, only, reading.route.may_join, rules, detail)
    if answer.too_little:
        services.router.joined()
    services.caches.afterwards.add(lambda: _noted(services, reading.actor, query, answer))
    explain = params.flag("explain")
    shown = [*answer.found, *(answer.empty.near if answer.empty else ())]
    projects = await services.project_names(item.memory.project_id for item in shown)
    result: Json = {
        "results": [_result(item, projects, explain) for item in answer.found],
        "served_by": list(answer.served_by),
        "degraded": [*degraded_json(answer.degraded), *services.caches.degraded()],
        "scope": reading.to_wire(answer.too_little),
    }
    if span is not None:
        result["range"] = {**range_to_wire(span), "leaves_out": detail is None}
    if answer.empty is not None:
        result["empty"] = _empty(answer.empty)
    result["took_ms"] = round((time.perf_counter() - started) * 1000, 3)
    if explain:
        result["timings_ms"] = dict(answer.timings)
    return result


async def _noted(services: Services, actor: Actor, query: str, answer: Answer) -> None:
    """What is kept of a search that was answered."""
    services.activity.searched(actor, query, [item.memory.id for item in answer.found])
    await services.searches.note(actor, query, len(answer.found))


def _result(item: Found, projects: Mapping[str, str], explain: bool) -> Json:
    memory = item.memory
    result: Json = {
        "id": memory.id,
        "title": memory.title,
        "content": memory.content,
        "type": memory.memory_type,
        "score": round(item.ranked.score, 6),
        "created_at": memory.created_at,
        "source_tool": memory.source_tool,
        "project": projects.get(memory.project_id or ""),
        "layer": memory.layers.primary,
        "tags": list(memory.tags),
        "line": item.line and {"number": item.line[0], "text": item.line[1][:400]},
        **cut_json(memory),
    }
    if explain:
        ranked, evidence = item.ranked, item.ranked.evidence
        result["why"] = {
            "cosine": round(evidence.cosine, 6),
            "bm25": round(evidence.bm25, 6),
            "fulltext": evidence.fulltext and round(evidence.fulltext[0], 6),
            "dense_part": round(ranked.dense, 6),
            "sparse_part": round(ranked.sparse, 6),
            "boosts": {
                name: round(value, 6) for name, value in ranked.parts.items() if name not in ("dense", "sparse")
            },
            "importance": memory.importance_score,
        }
    return result


def degraded_json(errors: Sequence[StoreUnavailable]) -> list[Json]:
    """Which stores did not answer, and why."""
    return [{"store": "vectors", "code": err.code, "reason": err.message, "hint": err.hint} for err in errors]


def _empty(empty: Empty) -> Json:
    return {
        "reason": empty.reason,
        "corpus": empty.corpus,
        "unknown_terms": list(empty.unknown_terms),
        "near": [
            {"id": item.memory.id, "title": item.memory.title, "score": round(item.ranked.score, 6)}
            for item in empty.near
        ],
    }
