-- Projections: what the vector store, the graph and the cache have still to be told.
--
-- An upsert is enqueued by the code that makes the change. A delete is enqueued here, by triggers, so that no cascade
-- can bypass the outbox.

-- One index built from this file: a generation of the vectors, of the graph, of the cache.
CREATE TABLE projections (
    id TEXT NOT NULL PRIMARY KEY,  -- vectors-1, vectors-2, graph-1, ...
    port TEXT NOT NULL CHECK (port IN ('vectors', 'graph', 'cache')),
    engine TEXT NOT NULL,  -- edge, qdrant, neo4j, redis, ...
    generation TEXT NOT NULL,
    instance_id TEXT,  -- the store's own; another one means that the store was wiped or swapped
    state TEXT NOT NULL CHECK (state IN ('building', 'active', 'retired')),
    fingerprint TEXT,  -- of the embedding model
    settings_json TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(settings_json)),
    schema_version INTEGER NOT NULL DEFAULT 1,
    checkpoint INTEGER NOT NULL DEFAULT 0,  -- the seq up to which the store has confirmed
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
    UNIQUE (port, generation)
) STRICT, WITHOUT ROWID;

-- The order of changes, across all kinds of objects. It never goes back, also when the outbox is empty.
CREATE TABLE outbox_sequence (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    value INTEGER NOT NULL
) STRICT;

INSERT INTO outbox_sequence (id, value) VALUES (1, 0);

-- At most one row per object and projection, so that a store which is down for a month stays bounded.
CREATE TABLE outbox (
    projection TEXT NOT NULL REFERENCES projections (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('memory', 'relationship', 'project', 'user', 'pattern')),
    object_id TEXT NOT NULL,
    rev INTEGER NOT NULL,
    op TEXT NOT NULL CHECK (op IN ('upsert', 'delete')),
    seq INTEGER NOT NULL,
    enqueued_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (enqueued_at GLOB '????-??-??T??:??:??.???Z'),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at TEXT CHECK (next_attempt_at GLOB '????-??-??T??:??:??.???Z'),
    parked_at TEXT CHECK (parked_at GLOB '????-??-??T??:??:??.???Z'),
    error TEXT,
    PRIMARY KEY (projection, kind, object_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_outbox_due ON outbox (projection, seq);

-- What was deleted, until every projection has confirmed it.
CREATE TABLE tombstones (
    kind TEXT NOT NULL CHECK (kind IN ('memory', 'relationship', 'project', 'user', 'pattern')),
    object_id TEXT NOT NULL,
    rev INTEGER NOT NULL,
    deleted_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (deleted_at GLOB '????-??-??T??:??:??.???Z'),
    PRIMARY KEY (kind, object_id)
) STRICT, WITHOUT ROWID;

-- Rows that no relay has applied yet, searchable the moment they are written. A table of their own stays small.
CREATE VIRTUAL TABLE memories_pending USING fts5(
    title, content, summary,
    tokenize='porter unicode61 remove_diacritics 2'
);

CREATE TRIGGER memories_pending_delete AFTER DELETE ON memories
BEGIN
    DELETE FROM memories_pending WHERE rowid = OLD.memory_key;
END;

-- A session's end takes the session from its memories by SET NULL: that is a change like any other.
CREATE TRIGGER memories_session_lost AFTER UPDATE OF session_id ON memories
WHEN OLD.session_id IS NOT NULL AND NEW.session_id IS NULL AND NEW.rev = OLD.rev
BEGIN
    UPDATE memories SET rev = OLD.rev + 1 WHERE memory_key = OLD.memory_key;
    UPDATE outbox_sequence SET value = value + 1;
    INSERT INTO outbox (projection, kind, object_id, rev, op, seq)
    SELECT p.id, 'memory', OLD.id, OLD.rev + 1, 'upsert', s.value
    FROM projections AS p, outbox_sequence AS s
    WHERE p.state IN ('building', 'active')
    ON CONFLICT (projection, kind, object_id) DO UPDATE SET
        rev = excluded.rev, op = excluded.op, seq = excluded.seq, enqueued_at = excluded.enqueued_at,
        attempts = 0, next_attempt_at = NULL, parked_at = NULL, error = NULL;
END;

-- Vectors hold memories and patterns only; the others go to the graph and the cache.
CREATE TRIGGER memories_tombstone AFTER DELETE ON memories
BEGIN
    INSERT INTO tombstones (kind, object_id, rev) VALUES ('memory', OLD.id, OLD.rev + 1)
    ON CONFLICT (kind, object_id) DO UPDATE SET rev = excluded.rev, deleted_at = excluded.deleted_at;
    UPDATE outbox_sequence SET value = value + 1;
    INSERT INTO outbox (projection, kind, object_id, rev, op, seq)
    SELECT p.id, 'memory', OLD.id, OLD.rev + 1, 'delete', s.value
    FROM projections AS p, outbox_sequence AS s
    WHERE p.state IN ('building', 'active')
    ON CONFLICT (projection, kind, object_id) DO UPDATE SET
        rev = excluded.rev, op = excluded.op, seq = excluded.seq, enqueued_at = excluded.enqueued_at,
        attempts = 0, next_attempt_at = NULL, parked_at = NULL, error = NULL;
END;

CREATE TRIGGER memory_relationships_tombstone AFTER DELETE ON memory_relationships
BEGIN
    INSERT INTO tombstones (kind, object_id, rev) VALUES ('relationship', OLD.id, OLD.rev + 1)
    ON CONFLICT (kind, object_id) DO UPDATE SET rev = excluded.rev, deleted_at = excluded.deleted_at;
    UPDATE outbox_sequence SET value = value + 1;
    INSERT INTO outbox (projection, kind, object_id, rev, op, seq)
    SELECT p.id, 'relationship', OLD.id, OLD.rev + 1, 'delete', s.value
    FROM projections AS p, outbox_sequence AS s
    WHERE p.state IN ('building', 'active') AND p.port != 'vectors'
    ON CONFLICT (projection, kind, object_id) DO UPDATE SET
        rev = excluded.rev, op = excluded.op, seq = excluded.seq, enqueued_at = excluded.enqueued_at,
        attempts = 0, next_attempt_at = NULL, parked_at = NULL, error = NULL;
END;

CREATE TRIGGER projects_tombstone AFTER DELETE ON projects
BEGIN
    INSERT INTO tombstones (kind, object_id, rev) VALUES ('project', OLD.id, OLD.rev + 1)
    ON CONFLICT (kind, object_id) DO UPDATE SET rev = excluded.rev, deleted_at = excluded.deleted_at;
    UPDATE outbox_sequence SET value = value + 1;
    INSERT INTO outbox (projection, kind, object_id, rev, op, seq)
    SELECT p.id, 'project', OLD.id, OLD.rev + 1, 'delete', s.value
    FROM projections AS p, outbox_sequence AS s
    WHERE p.state IN ('building', 'active') AND p.port != 'vectors'
    ON CONFLICT (projection, kind, object_id) DO UPDATE SET
        rev = excluded.rev, op = excluded.op, seq = excluded.seq, enqueued_at = excluded.enqueued_at,
        attempts = 0, next_attempt_at = NULL, parked_at = NULL, error = NULL;
END;

CREATE TRIGGER users_tombstone AFTER DELETE ON users
BEGIN
    INSERT INTO tombstones (kind, object_id, rev) VALUES ('user', OLD.id, OLD.rev + 1)
    ON CONFLICT (kind, object_id) DO UPDATE SET rev = excluded.rev, deleted_at = excluded.deleted_at;
    UPDATE outbox_sequence SET value = value + 1;
    INSERT INTO outbox (projection, kind, object_id, rev, op, seq)
    SELECT p.id, 'user', OLD.id, OLD.rev + 1, 'delete', s.value
    FROM projections AS p, outbox_sequence AS s
    WHERE p.state IN ('building', 'active') AND p.port != 'vectors'
    ON CONFLICT (projection, kind, object_id) DO UPDATE SET
        rev = excluded.rev, op = excluded.op, seq = excluded.seq, enqueued_at = excluded.enqueued_at,
        attempts = 0, next_attempt_at = NULL, parked_at = NULL, error = NULL;
END;

CREATE TRIGGER patterns_tombstone AFTER DELETE ON patterns
BEGIN
    INSERT INTO tombstones (kind, object_id, rev) VALUES ('pattern', OLD.id, OLD.rev + 1)
    ON CONFLICT (kind, object_id) DO UPDATE SET rev = excluded.rev, deleted_at = excluded.deleted_at;
    UPDATE outbox_sequence SET value = value + 1;
    INSERT INTO outbox (projection, kind, object_id, rev, op, seq)
    SELECT p.id, 'pattern', OLD.id, OLD.rev + 1, 'delete', s.value
    FROM projections AS p, outbox_sequence AS s
    WHERE p.state IN ('building', 'active')
    ON CONFLICT (projection, kind, object_id) DO UPDATE SET
        rev = excluded.rev, op = excluded.op, seq = excluded.seq, enqueued_at = excluded.enqueued_at,
        attempts = 0, next_attempt_at = NULL, parked_at = NULL, error = NULL;
END;
