"""Every setting that lmem has: its key, its default, its bounds, who may set it and where.

Not their values: those are layered and parsed by lmem.config. A leaf, as that is.
"""

from __future__ import annotations

from dataclasses import dataclass

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: key as in config.toml, default (its type is the setting's type), meaning in a sentence.

    `least` and `most` bound a number, `choices` a text. A `live` one is taken from every level and in force at once;
    the others are read from environment and user file when the daemon starts. A `shared` one may stand in a project's
    file too, which others than the user may have written: it must not widen what lmem may do or whom it trusts.
    """

    key: str
    default: Value
    meaning: str
    least: float = 0
    most: float | None = None
    choices: tuple[str, ...] = ()
    live: bool = False
    shared: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that overrides it, as LMEM_EMBEDDING_ENGINE for embedding.engine."""
        return "LMEM_" + self.key.replace(".", "_").upper()


TYPES = ("decision", "task", "progress", "insight", "pattern", "error", "solution", "preference", "note", "commit")
"""The types that have a decay rate of their own: lmem.domain's KNOWN_TYPES (a house test compares them)."""

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "embedding.engine", "light", "Engine that embeds text: light (ONNX Runtime) or sentence-transformers.",
        choices=("light", "sentence-transformers"),
    ),
    Setting("embedding.model", "all-MiniLM-L6-v2", "Name of the embedding model."),
    Setting("embedding.threads", 0, "Threads of the document session; 0 lets lmem choose."),
    Setting("vectors.optimise_after", 20000, "New points after which a collection is optimised in the background."),
    Setting("vectors.reserve_mb", 64, "Free disk space in MB kept in reserve before the index is written."),
    Setting("qdrant.url", "", "Address of a Qdrant server for the vectors; empty keeps them in process."),
    Setting("qdrant.prefix", "lmem_", "What the names of its collections begin with."),
    Setting("qdrant.api_key_file", "", "File that holds its API key; LMEM_QDRANT_API_KEY comes before it."),
    Setting("qdrant.api_key_command", "", "Command that prints its API key, run without a shell."),
    Setting("qdrant.ca_file", "", "Certificates to trust for https, instead of the system's."),
    Setting("qdrant.timeout_seconds", 5.0, "Seconds to wait for one answer of it.", least=0.1, most=300),
    Setting(
        "qdrant.quantization", "none", "How it keeps dense vectors in memory: none, or int8 beside the originals.",
        choices=("none", "int8"),
    ),
    Setting("qdrant.on_disk", False, "Whether it keeps dense vectors and payloads on disk, not in memory."),
    Setting("neo4j.url", "", "Address of a Neo4j server for the graph (bolt:// or neo4j://); empty asks SQLite."),
    Setting("neo4j.database", "neo4j", "Its database."),
    Setting("neo4j.prefix", "lmem", "Name under which nodes are kept there, so that several lmem may share it."),
    Setting("neo4j.user", "neo4j", "User to log in as; empty for a server without log-in."),
    Setting("neo4j.password_file", "", "File that holds the password; LMEM_NEO4J_PASSWORD comes before it."),
    Setting("neo4j.password_command", "", "Command that prints the password, run without a shell."),
    Setting("neo4j.ca_file", "", "Certificates to trust for bolt+s and neo4j+s, instead of the system's."),
    Setting("neo4j.timeout_seconds", 5.0, "Seconds to wait for one answer of it.", least=0.1, most=300),
    Setting("redis.url", "", "Address of a Redis server for the cache; empty keeps the cache in the daemon."),
    Setting("redis.prefix", "lmem:", "What its keys begin with, so that several lmem may share it."),
    Setting("redis.user", "", "User to log in as; empty for the default user."),
    Setting("redis.password_file", "", "File that holds the password; LMEM_REDIS_PASSWORD comes before it."),
    Setting("redis.password_command", "", "Command that prints the password, run without a shell."),
    Setting("redis.ca_file", "", "Certificates to trust for rediss, instead of the system's."),
    Setting("redis.timeout_seconds", 1.0, "Seconds to wait for one answer of it.", least=0.05, most=60),
    Setting("cache.max_mb", 6, "Memory in MB that the cache in the daemon may take.", most=4096),
    Setting("daemon.idle_exit_minutes", 0, "Minutes without a client after which the daemon exits; 0 never."),
    Setting("daemon.max_connections", 256, "Connections served at once.", least=1),
    Setting("daemon.max_in_flight", 64, "Requests of one connection worked on at once.", least=1),
    Setting(
        "daemon.log_level", "info", "Level of the daemon's log: debug, info, warning or error.",
        choices=("debug", "info", "warning", "error"),
    ),
    Setting(
        "sessions.idle_hours", 12, "Hours without a call after which a session ends by itself; 0 never.",
        most=87_600, live=True,
    ),
    Setting(
        "context.budget", 2000, "Tokens that 'lmem context' may use when no --budget is given.", least=1, live=True
    ),
    Setting("memory.max_bytes", 1_000_000, "Largest text of one memory, in bytes of UTF-8.", least=1, live=True),
    Setting("memory_decay_enabled", True, "Whether importance fades with time.", live=True, shared=True),
    Setting(
        "default_decay_rate", 0.1, "Share of importance that a new memory loses per week without use.",
        most=1, live=True, shared=True,
    ),
    *(
        Setting(
            f"decay.rates.{kind}", -1.0, f"The same for a new {kind}; -1 leaves it to default_decay_rate.",
            least=-1, most=1, live=True, shared=True,
        )
        for kind in TYPES
    ),
    Setting("max_memories_per_session", 1000, "Most memories of one session.", least=1, live=True),
    Setting(
        "semantic_search_threshold", 0.7, "Least cosine of a result of 'search --semantic' and 'related --similar'.",
        most=1, live=True, shared=True,
    ),
    Setting(
        "auto_categorization_enabled", True, "Whether memories without a category are given one.",
        live=True, shared=True,
    ),
    Setting(
        "summaries.automatic", True, "Whether long texts without a summary are given one, made of their own sentences.",
        live=True, shared=True,
    ),
    Setting(
        "audit.keep_days", 0, "Days after which entries of the audit log are let go; 0 keeps all.",
        most=36_500, live=True,
    ),
)  # fmt: skip
