"""Commits whose memories were purged, as keyed hashes: no hook, log or backfill stores them again.

Not their text, nor their names: a hash tells only whoever has the store and the commit that it was one of these.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from lmem.domain.memories import Draft, Memory
from lmem.ports.storage import UnitOfWork

KEY = "purged_commit_key"


def remember(tx: UnitOfWork, memory: Memory) -> None:
    """Leave a commit's memory out from now on, under its hash and under those that a rebase gives it."""
    first = tx.versions.of(memory.id)[0]
    key = _key(tx)
    tx.directory.leave_out_commits([
        _digest(key, str(memory.external_id)), _digest(key, *_identity(first.content, memory.git_context)),
    ])  # fmt: skip


def known(tx: UnitOfWork, shas: Sequence[str]) -> set[str]:
    """Those of these commits that are left out."""
    left_out = tx.directory.left_out_commits()
    key = _key(tx) if left_out else b""
    return {sha for sha in shas if left_out and _digest(key, sha) in left_out}


def others(tx: UnitOfWork, drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts that are not of a commit that is left out: by the same author, of the same date and subject."""
    left_out = tx.directory.left_out_commits()
    key = _key(tx) if left_out else b""
    return [
        draft
        for draft in drafts
        if not left_out or _digest(key, *_identity(draft.content, draft.git_context)) not in left_out
    ]


def _identity(content: str, git: Mapping[str, object]) -> tuple[str, str, str]:
    """What stays the same when a commit is copied onto other parents (Commit.identity), as its memory has it."""
    return str(git.get("author")), str(git.get("authored_at")), content.partition("\n")[0]


def _key(tx: UnitOfWork) -> bytes:
    return bytes.fromhex(tx.directory.secret(KEY))


def _digest(key: bytes, *parts: str) -> str:
    return hmac.new(key, "\0".join(parts).encode(errors="replace"), hashlib.sha256).hexdigest()[:32]
