"""Records as the wire shows them: memories, versions and changes as JSON objects.

Not a handler; every noun's handlers share these shapes, which lmem-protocol(7) documents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lmem.domain.history import Version
from lmem.domain.memories import Memory
from lmem.domain.relations import Link
from lmem.errors import LmemError
from lmem.service.drafts import Added
from lmem.service.lifecycle import Changed

Json = dict[str, object]


def error_json(error: LmemError) -> Json:
    """An error of one row of an answer."""
    return {"code": error.code, "message": error.message, "hint": error.hint}


def made_json(added: Added) -> Json:
    """The project and the session that were made because the memory named them, and what its source gave anew of one
    that was known; none of it, as a rule."""
    made = {"changed": list(added.changed), "new_project": added.new_project, "new_session": added.new_session}
    return {name: value for name, value in made.items() if value}


def note_place(rows: Sequence[tuple[Json, bool]], project: str) -> None:
    """Say which row the project of the caller's place was made for: the first one that belongs there."""
    row = next((row for row, belongs in rows if belongs), rows[0][0])
    row["new_project"] = project


def memory_json(memory: Memory, projects: Mapping[str, str], links: Sequence[Link] | None = None) -> Json:
    """A memory; with `links` also what it is linked to."""
    record: Json = {
        "id": memory.id,
        "title": memory.title,
        "content": memory.content,
        "summary": memory.summary,
        "type": memory.memory_type,
        "category": memory.category,
        "tags": list(memory.tags),
        "importance": memory.importance_score,
        "decay_rate": memory.decay_rate,
        "layer": memory.layers.primary,
        "layers": list(memory.layers.names),
        "project": projects.get(memory.project_id or ""),
        "session": memory.session_id,
        "context": dict(memory.context),
        "git": dict(memory.git_context),
        "source_tool": memory.source_tool,
        "external_id": memory.external_id,
        "private": memory.is_private,
        "archived": memory.is_archived,
        "access_count": memory.access_count,
        "created_at": memory.created_at,
        "updated_at": memory.updated_at,
        "valid_until": memory.valid_until,
        "rev": memory.rev,
    }
    record |= cut_json(memory)
    if links is not None:
        record["links"] = [
            {"type": link.type, "direction": link.direction, "id": link.other_id, "title": link.other_title}
            for link in links
        ]
    return record


def cut_json(memory: Memory) -> Json:
    """What an answer says of a memory that it has the beginning of; nothing of a whole one."""
    return {} if memory.whole_length is None else {"truncated": True, "content_length": memory.whole_length}


def next_json(ended: bool, offset: int) -> Json:
    """Where a list goes on that has fewer rows than its limit because an answer holds no more."""
    return {"next_offset": offset} if ended else {}


def version_json(version: Version) -> Json:
    """One version, with its text."""
    return {
        "version": version.number,
        "change_type": version.change_type,
        "reason": version.reason,
        "recorded_at": version.recorded_at,
        "valid_from": version.valid_from,
        "title": version.title,
        "content": version.content,
        "summary": version.summary,
        "diff": {name: list(pair) for name, pair in version.diff.items()},
        "change_set": version.change_set,
        "created_by": version.created_by,
    }


def changed_json(word: str, changed: Changed) -> Json:
    """The memories that an action changed, under the word for it, and the change set that `undo` takes."""
    titles = [{"id": memory.id, "title": memory.title} for memory in changed.memories]
    return {word: titles, "change_set": changed.change_set}
