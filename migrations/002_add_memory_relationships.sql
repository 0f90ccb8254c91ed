-- Links between memories, and from memories to projects: everything a rebuilt graph needs.
--
-- Left out: idx_memory_relationships_from, because UNIQUE (from_memory_id, ...) starts with the same column.

CREATE TABLE memory_relationships (
    id TEXT NOT NULL PRIMARY KEY DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(id) = 32 AND id NOT GLOB '*[^0-9a-f]*'),
    from_memory_id TEXT NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
    to_memory_id TEXT NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
    relationship_type TEXT NOT NULL,  -- relates_to, contradicts, builds_on, resolved_by, ...
    strength REAL NOT NULL DEFAULT 1.0 CHECK (strength BETWEEN 0.0 AND 1.0),
    context TEXT,
    auto_detected INTEGER NOT NULL DEFAULT 0 CHECK (auto_detected IN (0, 1)),
    properties_json TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(properties_json)),  -- what its type adds
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
    created_by TEXT REFERENCES users (id),
    rev INTEGER NOT NULL DEFAULT 1 CHECK (rev >= 1),
    CHECK (from_memory_id != to_memory_id),
    UNIQUE (from_memory_id, to_memory_id, relationship_type)
) STRICT;

CREATE INDEX idx_memory_relationships_to ON memory_relationships (to_memory_id);
CREATE INDEX idx_memory_relationships_type ON memory_relationships (relationship_type);
CREATE INDEX idx_memory_relationships_strength ON memory_relationships (strength DESC);
CREATE INDEX idx_memory_relationships_auto ON memory_relationships (auto_detected);

-- APPLIES_TO: a memory that matters to a project it does not belong to.
CREATE TABLE memory_projects (
    memory_id TEXT NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    relevance REAL NOT NULL DEFAULT 1.0 CHECK (relevance BETWEEN 0.0 AND 1.0),
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
    created_by TEXT REFERENCES users (id),
    PRIMARY KEY (memory_id, project_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_memory_projects_project ON memory_projects (project_id);
