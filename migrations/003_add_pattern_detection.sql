-- Patterns: what repeats, per project and across projects, with its evidence.
--
-- Left out: idx_project_patterns_project, because UNIQUE (project_id, ...) starts with the same column.

-- A pattern of a user. Its id names the point in the vector store and the node in the graph.
CREATE TABLE patterns (
    id TEXT NOT NULL PRIMARY KEY DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(id) = 32 AND id NOT GLOB '*[^0-9a-f]*'),
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    pattern_type TEXT NOT NULL,  -- architecture, testing, deployment, code_style, ...
    pattern_name TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
    rev INTEGER NOT NULL DEFAULT 1 CHECK (rev >= 1),
    UNIQUE (user_id, pattern_type, pattern_name)
) STRICT;

-- The same pattern as seen in one project.
CREATE TABLE project_patterns (
    id TEXT NOT NULL PRIMARY KEY DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(id) = 32 AND id NOT GLOB '*[^0-9a-f]*'),
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    pattern_id TEXT NOT NULL REFERENCES patterns (id) ON DELETE CASCADE,
    pattern_type TEXT NOT NULL,
    pattern_name TEXT NOT NULL,
    pattern_description TEXT NOT NULL,
    pattern_data_json TEXT NOT NULL CHECK (json_valid(pattern_data_json)),
    success_rate REAL NOT NULL DEFAULT 1.0 CHECK (success_rate BETWEEN 0.0 AND 1.0),
    usage_count INTEGER NOT NULL DEFAULT 1 CHECK (usage_count >= 0),
    memory_ids TEXT CHECK (memory_ids IS NULL OR json_valid(memory_ids) AND memory_ids GLOB '[[]*'),
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
    last_used_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (last_used_at GLOB '????-??-??T??:??:??.???Z'),
    UNIQUE (project_id, pattern_type, pattern_name)
) STRICT;

CREATE INDEX idx_project_patterns_type ON project_patterns (pattern_type);
CREATE INDEX idx_project_patterns_success ON project_patterns (success_rate DESC);
CREATE INDEX idx_project_patterns_usage ON project_patterns (usage_count DESC);
CREATE INDEX idx_project_patterns_pattern ON project_patterns (pattern_id);

-- DEMONSTRATES, VALIDATES {outcome} and CONTRADICTS_PATTERN {reason}.
CREATE TABLE pattern_evidence (
    memory_id TEXT NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
    pattern_id TEXT NOT NULL REFERENCES patterns (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('demonstrates', 'validates', 'contradicts_pattern')),
    outcome TEXT,
    reason TEXT,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
    PRIMARY KEY (memory_id, pattern_id, kind)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_pattern_evidence_pattern ON pattern_evidence (pattern_id, kind);

-- USED_IN {success, date}, FAILED_IN {reason}, and DISCOVERED from the first finder.
CREATE TABLE pattern_uses (
    pattern_id TEXT NOT NULL REFERENCES patterns (id) ON DELETE CASCADE,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    used_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (used_at GLOB '????-??-??T??:??:??.???Z'),
    success INTEGER NOT NULL CHECK (success IN (0, 1)),
    reason TEXT,
    discovered_by TEXT REFERENCES users (id),
    PRIMARY KEY (pattern_id, project_id, used_at)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_pattern_uses_project ON pattern_uses (project_id);

-- A pattern with what its projects add up to, as the vector store and the graph hold it.
CREATE VIEW pattern_totals AS
SELECT p.*,
       ifnull(sum(pp.usage_count), 0) AS usage_count,
       ifnull(sum(pp.success_rate * pp.usage_count) / nullif(sum(pp.usage_count), 0), 1.0) AS success_rate,
       ifnull('["' || group_concat(pp.project_id, '","') || '"]', '[]') AS project_ids  -- a JSON array
FROM patterns AS p
LEFT JOIN project_patterns AS pp ON pp.pattern_id = p.id
GROUP BY p.id;
