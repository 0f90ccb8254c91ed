"""What every change of a pattern writes, in one transaction: rows, evidence, uses, outbox row, audit entry.

Not a decision about what changes; lmem.service.patterns decides and calls these.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lmem.domain.actors import Actor
from lmem.domain.patterns import Cited, Evidence, Pattern, PatternDraft, ProjectPattern, Use
from lmem.errors import Conflict, InvalidInput
from lmem.ports.storage import UnitOfWork
from lmem.service import names
from lmem.service.changesets import note


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was done: `created` the pattern, `new_here` its first sight in the project, `changed` the names of what is
    other than before. When none of the three says so, nothing was written."""

    pattern: Pattern
    here: ProjectPattern
    created: bool
    new_here: bool
    changed: tuple[str, ...]


def describe(tx: UnitOfWork, actor: Actor, draft: PatternDraft, project_id: str, at: str) -> Recorded:
    """Store a pattern, or bring the one of this type and name up to date; its first sight in a project is a use there.

    Raises InvalidInput for a new one without a description, NotFound for a memory, Conflict for an archived one.
    """
    known = next(iter(tx.patterns.named(actor.user_id, draft.name, draft.type)), None)
    if known is None and draft.description is None:
        raise InvalidInput(
            f"The pattern '{draft.name}' is new, so it needs a description.",
            hint='lmem patterns add TYPE NAME "what it is, and when it helps"',
        )
    description = draft.description or (known.description if known else "")
    made = Pattern(secrets.token_hex(16), actor.user_id, draft.type, draft.name, description, at, at)
    if known is None:
        tx.patterns.insert(made)
    pattern = replace(known, description=description) if known else made
    new_here, placed = _place(tx, actor, pattern, draft, project_id, at)
    if new_here:
        tx.patterns.use(pattern.id, Use(project_id, at, True, discovered_by=None if known else actor.user_id))
    said = ["description"] if known and known.description != description else []
    return _recorded(tx, actor, pattern, project_id, (known is None, new_here, (*said, *placed)), at)


def use(tx: UnitOfWork, actor: Actor, pattern: Pattern, went: Use, memory: str | None) -> Recorded:
    """Store a use of a pattern; a memory becomes evidence for it, or against it. Raises NotFound, Conflict."""
    if went.success:
        cited = Cited(memory or "", "validates", outcome=went.reason or "success")
    else:
        cited = Cited(memory or "", "contradicts_pattern", reason=went.reason or "failed")
    draft = PatternDraft(pattern.type, pattern.name, evidence=(cited,) if memory else ())
    new_here, placed = _place(tx, actor, pattern, draft, went.project_id, went.used_at)
    tx.patterns.use(pattern.id, went)
    return _recorded(tx, actor, pattern, went.project_id, (False, new_here, ("uses", *placed)), went.used_at)


def moved(tx: UnitOfWork, rows: Sequence[str], at: str) -> None:
    """These rows of `project_patterns` belong to another project now: tell the projections."""
    for pattern_id, rev in tx.patterns.moved(rows, at):
        tx.outbox.enqueue("pattern", pattern_id, rev, "upsert")


def _place(
    tx: UnitOfWork, actor: Actor, pattern: Pattern, draft: PatternDraft, project_id: str, at: str
) -> tuple[bool, list[str]]:
    """Add to what is known of a pattern in a project: whether it is new there, and the names of what is other now."""
    before = _seen(tx, pattern.id, project_id)
    seen = before or ProjectPattern(pattern.id, project_id, pattern.description, {}, 1.0, 0, (), at, at, at)
    evidence = _support(tx, actor, pattern, draft.evidence, at)
    after = replace(
        seen,
        description=draft.description or seen.description,
        data=seen.data if draft.data is None else draft.data,
        memory_ids=tuple(dict.fromkeys((*seen.memory_ids, *(item.memory_id for item in evidence)))),
        updated_at=at,
    )
    changed = [name for name in ("description", "data") if getattr(after, name) != getattr(seen, name)]
    changed += ["evidence"] if evidence else []
    if before is None or changed:
        tx.patterns.place(pattern, after)
    return before is None, changed


def _support(tx: UnitOfWork, actor: Actor, pattern: Pattern, cited: Sequence[Cited], at: str) -> list[Evidence]:
    """Store evidence; answers what was not known yet. Raises NotFound, Conflict for an archived memory."""
    said = tx.patterns.evidence(pattern.id, shared=False) if cited else []
    known = {(item.memory_id, item.kind): (item.outcome, item.reason) for item in said}
    new = []
    for item in cited:
        memory = names.memory(tx, actor, item.memory)
        if memory.is_archived:
            raise Conflict(
                f"Memory {memory.id[:8]} is archived, so it is evidence of nothing.",
                hint=f"Bring it back with 'lmem restore {memory.id[:8]}'.",
            )
        if known.get((memory.id, item.kind)) != (item.outcome, item.reason):
            found = Evidence(memory.id, memory.title, item.kind, item.outcome, item.reason, at)
            tx.patterns.support(pattern.id, found)
            new.append(found)
    return new


def _recorded(
    tx: UnitOfWork, actor: Actor, pattern: Pattern, project_id: str, done: tuple[bool, bool, tuple[str, ...]], at: str
) -> Recorded:
    """The pattern as it is now; what was done (as in Recorded) gets a revision, an outbox row and an audit entry."""
    created, new_here, said = done
    changed = tuple(dict.fromkeys(said))
    if created or new_here or changed:
        rev = 1 if created else pattern.rev + 1
        tx.patterns.update(pattern.id, {"rev": rev, "updated_at": at, "description": pattern.description})
        tx.outbox.enqueue("pattern", pattern.id, rev, "upsert")
        details = {"project": project_id, "fields": list(changed)}
        tx.audit.append(actor, "create" if created else "update", "pattern", pattern.id, details, at)
        note(tx, actor, "pattern", "a pattern was recorded", at)
    current, here = tx.patterns.find(pattern.id), _seen(tx, pattern.id, project_id)
    assert current is not None and here is not None  # both were written in this transaction, or found in it
    return Recorded(current, here, created, new_here, changed)


def _seen(tx: UnitOfWork, pattern_id: str, project_id: str) -> ProjectPattern | None:
    return next((item for item in tx.patterns.in_projects(pattern_id) if item.project_id == project_id), None)
