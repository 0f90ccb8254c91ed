"""CACHE_KEYS: every key of the cache, its kind and time to live, who writes and reads it, what makes it void.

Not a cache: ports/cache.py says what one does, service/caches.py uses it. Patterns and times: specification section 4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal["string", "list", "set", "hash"]

EVENTS: Mapping[str, str] = {
    "memory": "A memory was added, or anything of it but its counters changed.",
    "purge": "A memory was deleted for good: every key goes, whatever it says of events.",
    "relation": "A relationship of a memory was made, changed or removed.",
    "project": "A project, or what it is known by, changed.",
    "session": "A session started, paused, resumed, ended or changed its names.",
    "focus": "Memories joined a session, or entered or left its focus.",
    "activity": "A session noted what was done in it.",
    "user": "A user's row changed, preferences included.",
    "settings": "A value of a setting changed, at whatever level.",
    "pattern": "A pattern, its evidence or its uses changed.",
    "index": "The vector index took rows, or another generation or model serves.",
    "counters": "Reads of memories were written down.",
}
"""What makes cached values void; the store of the truth tells of them after each commit."""

HOUR = 3600
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class CacheKey:
    """One pattern with its value.

    `ttl` is in seconds; those that specification 4.5 leaves out have a bound too. `own` are the events of the object in
    the key, `any` those of whatever object, after which the value is void. How that is known: a `dated` value carries
    the change number that it was made at; where the name is a hash, that covers the number; the others cannot be wrong,
    and are removed. A purge removes every key.
    """

    pattern: str
    kind: Kind
    ttl: int
    writer: str
    reader: str
    own: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    dated: bool = True


CACHE_KEYS: Mapping[str, CacheKey] = {
    row.pattern: row
    for row in (
        # 4.1 Memories
        CacheKey(
            "memory:{memory_id}", "string", HOUR, "memory/get", "memory/get: lmem show",
            own=("memory",),
        ),
        CacheKey(
            "memory:user:{user_id}:recent", "list", HOUR, "memory/list",
            "memory/list: lmem list, the first page without filters",
            any=("memory", "counters"),
        ),
        CacheKey(
            "memory:project:{project_id}:active", "set", 4 * HOUR, "context/get",
            "context/get: lmem context, the ids that must still be seen",
            any=("memory", "relation", "project", "session", "focus"),
        ),
        CacheKey(
            "search:semantic:{query_hash}", "string", HOUR, "memory/search", "memory/search: what the indexes found",
            any=("memory", "index"), dated=False,
        ),
        CacheKey(
            "search:user:{user_id}:history", "list", DAY, "memory/search", "search/history: lmem search --history",
            any=("purge",), dated=False,
        ),
        CacheKey(
            "relationships:{memory_id}:outgoing", "list", HOUR // 2, "memory/get", "memory/get: lmem show",
            own=("relation",),
        ),
        CacheKey(
            "relationships:{memory_id}:incoming", "list", HOUR // 2, "memory/get", "memory/get: lmem show",
            own=("relation",),
        ),
        # 4.2 Sessions and projects
        CacheKey(
            "session:{session_id}:context", "string", HOUR // 2, "session/show",
            "session/show and session/resume: the session, its relatives, the order of its memories",
            own=("focus", "activity"), any=("session",),
        ),
        CacheKey(
            "session:{session_id}:working_memory", "set", 900, "session/show",
            "session/show and session/resume: what is in focus",
            own=("focus",), any=("session",),
        ),
        CacheKey(
            "session:user:{user_id}:active", "string", HOUR // 2, "every call in a directory with a session",
            "every call: which session it is made in",
            any=("session", "activity", "project"),
        ),
        CacheKey(
            "project:{project_id}:context", "string", 4 * HOUR, "context/get", "context/get: lmem context",
            any=("memory", "relation", "project", "session", "focus"),
        ),
        CacheKey(
            "project:{project_id}:patterns", "string", 2 * HOUR, "pattern/list", "pattern/list: lmem patterns list",
            own=("project",), any=("pattern",),
        ),
        CacheKey(
            "project:{project_id}:git_status", "string", 300, "context/get", "context/get: lmem context --json",
            own=("project",),
        ),
        # 4.3 Users and layers
        CacheKey(
            "user:{user_id}:preferences", "string", DAY, "config/list", "every reading of the settings' levels",
            own=("user",),
        ),
        CacheKey(
            "user:{user_id}:projects", "list", HOUR, "project/names", "project/names: completion of names",
            any=("project",),
        ),
        CacheKey(
            "layer:config:{layer_type}", "string", DAY, "layer/list", "layer/list: lmem layer list",
            any=("settings", "user"),
        ),
        CacheKey(
            "layer:stats:{layer_type}", "hash", 600, "layer/list", "layer/list: lmem layer list",
            any=("memory",),
        ),
        # 4.4 Performance
        CacheKey(
            "query:{query_hash}", "string", HOUR, "memory/list, memory/tags, memory/search",
            "memory/list and memory/tags: their pages; the warm-up: the question of a popular hash",
            any=("memory", "counters"), dated=False,
        ),
        CacheKey(
            "query:popular", "set", HOUR, "memory/search", "stats/get; the warm-up after a start of the index",
            any=("purge",), dated=False,
        ),
        CacheKey(
            "embedding:{content_hash}", "string", DAY, "memory/search; the relay",
            "memory/search: a question asked again; the relay: a text embedded before",
            any=("purge",), dated=False,
        ),
        CacheKey(
            "embedding:batch:{batch_id}", "string", HOUR, "the relay",
            "the relay: a step of a bulk add that its store did not take",
            any=("index", "purge"), dated=False,
        ),
        CacheKey(
            "router:decision:{context_hash}", "string", 300, "every read", "every read: which layers it asks",
            any=("project", "session"), dated=False,
        ),
        CacheKey(
            "router:performance", "hash", DAY, "layer/list; the router", "layer/list: lmem layer list",
            any=("purge",), dated=False,
        ),
    )
}  # fmt: skip
"""By pattern, in the order of the specification. Every key goes with a purge and with `lmem rebuild cache` too."""


class Key(NamedTuple):
    """One key: its row of the table, its name without the store's prefix, and the object that the name names.

    `mark` says what exactly a dated value under it answers, where the name does not say it all.
    """

    row: CacheKey
    name: str
    object_id: str = ""
    mark: str = ""

    def answering(self, *parts: object) -> Key:
        """The same key, for a value that answers exactly this: one that answers anything else is none."""
        text = repr(parts).encode(errors="surrogatepass")
        return self._replace(mark=hashlib.blake2b(text, digest_size=8).hexdigest())


def _key(pattern: str, variable: str = "") -> Key:
    head, _, tail = pattern.partition("{")
    return Key(CACHE_KEYS[pattern], f"{head}{variable}{tail.partition('}')[2]}", variable)


def memory(memory_id: str) -> Key:
    """Memory JSON."""
    return _key("memory:{memory_id}", memory_id)


def recent(user_id: str) -> Key:
    """Ids of the page that a list begins with, in its order."""
    return _key("memory:user:{user_id}:recent", user_id)


def active(project_id: str) -> Key:
    """Ids of the memories that a project's brief holds."""
    return _key("memory:project:{project_id}:active", project_id)


def search(query_hash: str) -> Key:
    """What the indexes found for a question: ids and scores, no text."""
    return _key("search:semantic:{query_hash}", query_hash)


def history(user_id: str) -> Key:
    """A user's last searches, the newest first, each a JSON object without credentials."""
    return _key("search:user:{user_id}:history", user_id)


def outgoing(memory_id: str) -> Key:
    """'ID TYPE' of each memory that this one points to."""
    return _key("relationships:{memory_id}:outgoing", memory_id)


def incoming(memory_id: str) -> Key:
    """'ID TYPE' of each memory that points to this one."""
    return _key("relationships:{memory_id}:incoming", memory_id)


def session_context(session_id: str) -> Key:
    """A session, its relatives and the places of its memories."""
    return _key("session:{session_id}:context", session_id)


def working_memory(session_id: str) -> Key:
    """Ids of the memories in a session's focus."""
    return _key("session:{session_id}:working_memory", session_id)


def active_session(user_id: str) -> Key:
    """The session that a user's last call was made in, and where."""
    return _key("session:user:{user_id}:active", user_id)


def project_context(project_id: str) -> Key:
    """A project's brief."""
    return _key("project:{project_id}:context", project_id)


def project_patterns(project_id: str) -> Key:
    """A project's patterns."""
    return _key("project:{project_id}:patterns", project_id)


def git_status(project_id: str) -> Key:
    """Branch, commit and dirty flag of the working tree that a project was last asked from."""
    return _key("project:{project_id}:git_status", project_id)


def preferences(user_id: str) -> Key:
    """A user's settings, by key."""
    return _key("user:{user_id}:preferences", user_id)


def projects(user_id: str) -> Key:
    """Ids of a user's projects that are not archived, by name."""
    return _key("user:{user_id}:projects", user_id)


def layer_config(layer_type: str) -> Key:
    """A layer's rule, and the settings that bound it."""
    return _key("layer:config:{layer_type}", layer_type)


def layer_stats(layer_type: str) -> Key:
    """What a layer holds."""
    return _key("layer:stats:{layer_type}", layer_type)


def query(query_hash: str) -> Key:
    """A page of a list or of tags; or the question that a popular hash stands for."""
    return _key("query:{query_hash}", query_hash)


def popular() -> Key:
    """Hashes of the questions that are asked again and again."""
    return _key("query:popular")


def embedding(content_hash: str) -> Key:
    """The encoding of a text by one model."""
    return _key("embedding:{content_hash}", content_hash)


def batch(batch_id: str) -> Key:
    """The encodings of one step of the relay, until its store has taken them."""
    return _key("embedding:batch:{batch_id}", batch_id)


def decision(context_hash: str) -> Key:
    """Where a question looks."""
    return _key("router:decision:{context_hash}", context_hash)


def performance() -> Key:
    """What the router's decisions did and cost: sums."""
    return _key("router:performance")
