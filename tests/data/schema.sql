-- Made from the migrations by: LMEM_WRITE_SNAPSHOTS=1 python -m pytest tests/unit/stores/sqlite/test_sqlite_schema.py

CREATE INDEX idx_active_sessions ON sessions (user_id, last_active_at DESC) WHERE is_active = 1;

CREATE INDEX idx_audit_log_action ON audit_log (action, at_ms DESC);

CREATE INDEX idx_audit_log_created ON audit_log (at_ms DESC);

CREATE INDEX idx_audit_log_resource ON audit_log (resource_type, substr(resource_id, 1, 12));

CREATE INDEX idx_audit_log_user ON audit_log (substr(user_id, 1, 12), at_ms DESC);

CREATE INDEX idx_job_runs_job ON job_runs (job, id);

CREATE INDEX idx_memories_active_important ON memories (user_id, importance_score DESC, last_accessed_at DESC)
    WHERE is_archived = 0;

CREATE INDEX idx_memories_brief ON memories
    (user_id, project_id, memory_type, created_at, importance_score, layer_project, layer_global, is_private,
     is_archived, valid_until)
    WHERE is_archived = 0 AND valid_until IS NULL;

CREATE INDEX idx_memories_category ON memories (category) WHERE category IS NOT NULL;

CREATE INDEX idx_memories_content_hash ON memories (content_hash);

CREATE INDEX idx_memories_conventions ON memories
    (user_id, memory_type, importance_score, created_at, layer_global, is_private, is_archived, valid_until)
    WHERE is_archived = 0 AND valid_until IS NULL AND layer_global = 1
    AND memory_type IN ('preference', 'pattern', 'convention');

CREATE INDEX idx_memories_created ON memories (created_at DESC);

CREATE UNIQUE INDEX idx_memories_external ON memories (source_tool, external_id, ifnull(project_id, ''))
    WHERE external_id IS NOT NULL;

CREATE INDEX idx_memories_importance ON memories (importance_score DESC);

CREATE INDEX idx_memories_last_accessed ON memories (last_accessed_at DESC);

CREATE INDEX idx_memories_layers ON memories (layer_session, layer_project, layer_global, layer_temporal);

CREATE INDEX idx_memories_layers_importance ON memories (layer_global, layer_project, importance_score DESC);

CREATE INDEX idx_memories_private ON memories (user_id) WHERE is_private = 1 AND is_archived = 0;

CREATE INDEX idx_memories_project ON memories (project_id, session_id, created_at) WHERE project_id IS NOT NULL;

CREATE INDEX idx_memories_recent_important ON memories (created_at DESC, importance_score DESC) WHERE is_archived = 0;

CREATE INDEX idx_memories_session ON memories (session_id, created_at) WHERE session_id IS NOT NULL;

CREATE INDEX idx_memories_type ON memories (memory_type);

CREATE INDEX idx_memories_user ON memories (user_id);

CREATE INDEX idx_memories_user_project_type ON memories (user_id, project_id, memory_type);

CREATE INDEX idx_memory_projects_project ON memory_projects (project_id);

CREATE INDEX idx_memory_relationships_auto ON memory_relationships (auto_detected);

CREATE INDEX idx_memory_relationships_strength ON memory_relationships (strength DESC);

CREATE INDEX idx_memory_relationships_to ON memory_relationships (to_memory_id);

CREATE INDEX idx_memory_relationships_type ON memory_relationships (relationship_type);

CREATE INDEX idx_memory_versions_change_set ON memory_versions (change_set) WHERE change_set IS NOT NULL;

CREATE INDEX idx_memory_versions_created ON memory_versions (created_at DESC);

CREATE INDEX idx_outbox_due ON outbox (projection, seq);

CREATE INDEX idx_pattern_evidence_pattern ON pattern_evidence (pattern_id, kind);

CREATE INDEX idx_pattern_uses_project ON pattern_uses (project_id);

CREATE INDEX idx_project_identities_project ON project_identities (project_id, kind);

CREATE INDEX idx_project_patterns_pattern ON project_patterns (pattern_id);

CREATE INDEX idx_project_patterns_success ON project_patterns (success_rate DESC);

CREATE INDEX idx_project_patterns_type ON project_patterns (pattern_type);

CREATE INDEX idx_project_patterns_usage ON project_patterns (usage_count DESC);

CREATE INDEX idx_projects_path ON projects (path) WHERE path IS NOT NULL;

CREATE INDEX idx_projects_type ON projects (project_type);

CREATE INDEX idx_projects_user_active ON projects (user_id, last_accessed_at) WHERE is_active = 1;

CREATE UNIQUE INDEX idx_projects_user_name ON projects (user_id, name);

CREATE INDEX idx_relation_changes_from ON relation_changes (from_key);

CREATE INDEX idx_relation_changes_project ON relation_changes (project_id) WHERE project_id IS NOT NULL;

CREATE INDEX idx_relation_changes_set ON relation_changes (change_set);

CREATE INDEX idx_relation_changes_to ON relation_changes (to_key) WHERE to_key IS NOT NULL;

CREATE INDEX idx_session_memories_context ON session_memories (context_window_position)
    WHERE context_window_position IS NOT NULL;

CREATE INDEX idx_session_memories_memory ON session_memories (memory_id);

CREATE INDEX idx_session_memories_session ON session_memories (session_id, position_in_session);

CREATE INDEX idx_session_memories_working ON session_memories (session_id, working_memory) WHERE working_memory = 1;

CREATE INDEX idx_sessions_branch ON sessions (git_branch) WHERE git_branch IS NOT NULL;

CREATE INDEX idx_sessions_name ON sessions (user_id, name);

CREATE INDEX idx_sessions_parent ON sessions (parent_session_id) WHERE parent_session_id IS NOT NULL;

CREATE INDEX idx_sessions_project ON sessions (project_id) WHERE project_id IS NOT NULL;

CREATE INDEX idx_users_active ON users (last_active_at) WHERE is_active = 1;

CREATE TABLE audit_anchors (
    seq INTEGER PRIMARY KEY,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    reason TEXT NOT NULL,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (created_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;

CREATE TABLE audit_head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL CHECK (seq >= 0),
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TABLE audit_log (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL GENERATED ALWAYS AS (ifnull(given_id, lower(substr(hex(hash), 1, 32)))) VIRTUAL,
    user_id TEXT,
    session_id TEXT,
    action TEXT NOT NULL,  -- create, read, update, delete, search, ...
    resource_type TEXT NOT NULL,  -- memory, project, session, ...
    resource_id TEXT NOT NULL,
    details_json TEXT CHECK (details_json IS NULL OR json_valid(details_json)),  -- ids, names, counts: no text
    ip_address TEXT,  -- unix:UID:PID
    user_agent TEXT,
    created_at TEXT NOT NULL GENERATED ALWAYS AS (
        strftime('%Y-%m-%dT%H:%M:%S', at_ms / 1000, 'unixepoch') || printf('.%03dZ', at_ms % 1000)
    ) VIRTUAL,
    at_ms INTEGER NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000)
        CHECK (at_ms BETWEEN 0 AND 253402300799999),  -- since 1970, UTC
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    given_id TEXT
) STRICT;

CREATE TABLE change_sets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    reason TEXT,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
    created_by TEXT NOT NULL REFERENCES users (id),
    undone_by INTEGER REFERENCES change_sets (id)
) STRICT;

CREATE TABLE decay_days (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    day TEXT NOT NULL CHECK (day GLOB '????-??-??'),
    active INTEGER,
    moved INTEGER,
    PRIMARY KEY (user_id, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE decay_plans (
    change_set INTEGER PRIMARY KEY REFERENCES change_sets (id),
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    memory_ids TEXT NOT NULL CHECK (json_valid(memory_ids))
) STRICT;

CREATE TABLE job_runs (
    id INTEGER PRIMARY KEY,
    job TEXT NOT NULL REFERENCES jobs (name),
    cause TEXT NOT NULL CHECK (cause IN ('schedule', 'missed', 'user')),
    state TEXT NOT NULL CHECK (state IN ('done', 'failed')),
    changed INTEGER NOT NULL CHECK (changed >= 0),
    change_set INTEGER REFERENCES change_sets (id),
    message TEXT NOT NULL,
    started_at TEXT NOT NULL CHECK (started_at GLOB '????-??-??T??:??:??.???Z'),
    ended_at TEXT NOT NULL CHECK (ended_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;

CREATE TABLE jobs (
    name TEXT NOT NULL PRIMARY KEY,
    since TEXT NOT NULL CHECK (since GLOB '????-??-??T??:??:??.???Z')
) STRICT, WITHOUT ROWID;

CREATE TABLE memories (
    memory_key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(id) = 32 AND id NOT GLOB '*[^0-9a-f]*'),
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    project_id TEXT REFERENCES projects (id) ON DELETE RESTRICT,
    session_id TEXT REFERENCES sessions (id) ON DELETE SET NULL,

    title TEXT NOT NULL,
    content TEXT NOT NULL,
    summary TEXT,
    content_hash TEXT NOT NULL CHECK (length(content_hash) = 32),  -- of the normalised text
    -- 1 when the text has a script written without spaces, which only the trigram index can search: Thai to Khmer,
    -- kana, Chinese characters (and what lies between them). ASCII is told by its length; GLOB costs 0.2 us a letter.
    is_unspaced INTEGER NOT NULL GENERATED ALWAYS AS (
        CASE
            WHEN length(CAST(title || content || ifnull(summary, '') AS BLOB))
                = length(title || content || ifnull(summary, '')) THEN 0
            ELSE title || content || ifnull(summary, '') GLOB '*[ก-៹⺀-﫿ｦ-ﾟ𠀀-𱍏]*'
        END
    ) STORED,

    memory_type TEXT NOT NULL,  -- decision, task, progress, insight, pattern, ...
    category TEXT,
    tags TEXT CHECK (tags IS NULL OR json_valid(tags) AND tags GLOB '[[]*'),

    importance_score REAL NOT NULL DEFAULT 0.5 CHECK (importance_score BETWEEN 0.0 AND 1.0),
    -- The share of importance lost per week without access.
    decay_rate REAL NOT NULL DEFAULT 0.1 CHECK (decay_rate BETWEEN 0.0 AND 1.0),
    access_count INTEGER NOT NULL DEFAULT 0 CHECK (access_count >= 0),  -- a counter: no rev, no version, no audit
    last_accessed_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (last_accessed_at GLOB '????-??-??T??:??:??.???Z'),  -- a counter, as above

    context_json TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(context_json)),  -- file paths, line numbers
    git_context_json TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(git_context_json)),  -- branch, commit, dirty

    layer_session INTEGER NOT NULL DEFAULT 0 CHECK (layer_session IN (0, 1)),
    layer_project INTEGER NOT NULL DEFAULT 0 CHECK (layer_project IN (0, 1)),
    layer_global INTEGER NOT NULL DEFAULT 0 CHECK (layer_global IN (0, 1)),
    layer_temporal INTEGER NOT NULL DEFAULT 0 CHECK (layer_temporal IN (0, 1)),

    source_tool TEXT NOT NULL,  -- cli.add, cli.bulk, git.post-commit, mcp.memory_add, import.NAME
    external_id TEXT,  -- the source's own id; with source_tool and project it means one memory
    is_private INTEGER NOT NULL DEFAULT 0 CHECK (is_private IN (0, 1)),
    is_archived INTEGER NOT NULL DEFAULT 0 CHECK (is_archived IN (0, 1)),
    -- Set when another memory supersedes this one.
    valid_until TEXT CHECK (valid_until GLOB '????-??-??T??:??:??.???Z'),

    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
    rev INTEGER NOT NULL DEFAULT 1 CHECK (rev >= 1)
) STRICT;

CREATE VIRTUAL TABLE memories_fts USING fts5(
    title, content, summary,
    content=memories,
    content_rowid=memory_key,
    tokenize='porter unicode61 remove_diacritics 2'
);

CREATE TABLE 'memories_fts_config'(k PRIMARY KEY, v) WITHOUT ROWID;

CREATE TABLE 'memories_fts_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;

CREATE VIRTUAL TABLE memories_pending USING fts5(
    title, content, summary,
    tokenize='porter unicode61 remove_diacritics 2'
);

CREATE TABLE 'memories_pending_config'(k PRIMARY KEY, v) WITHOUT ROWID;

CREATE TABLE 'memories_pending_content'(id INTEGER PRIMARY KEY, c0, c1, c2);

CREATE TABLE 'memories_pending_data'(id INTEGER PRIMARY KEY, block BLOB);

CREATE TABLE 'memories_pending_docsize'(id INTEGER PRIMARY KEY, sz BLOB);

CREATE TABLE 'memories_pending_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;

CREATE VIRTUAL TABLE memories_trigram USING fts5(
    title, content, summary,
    content=memories_unspaced,
    content_rowid=memory_key,
    tokenize='trigram'
);

CREATE TABLE 'memories_trigram_config'(k PRIMARY KEY, v) WITHOUT ROWID;

CREATE TABLE 'memories_trigram_data'(id INTEGER PRIMARY KEY, block BLOB);

CREATE TABLE 'memories_trigram_docsize'(id INTEGER PRIMARY KEY, sz BLOB);

CREATE TABLE 'memories_trigram_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;

CREATE TABLE memories_unindexed (
    memory_key INTEGER PRIMARY KEY REFERENCES memories (memory_key) ON DELETE CASCADE
) STRICT;

CREATE TABLE memory_projects (
    memory_id TEXT NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    relevance REAL NOT NULL DEFAULT 1.0 CHECK (relevance BETWEEN 0.0 AND 1.0),
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
    created_by TEXT REFERENCES users (id),
    PRIMARY KEY (memory_id, project_id)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE memory_versions (
    version_key INTEGER PRIMARY KEY,
    id TEXT NOT NULL GENERATED ALWAYS AS (
        ifnull(given_id, substr(memory_id, 1, 24) || printf('%08x', version_number))
    ) VIRTUAL,
    memory_id TEXT NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
    version_number INTEGER NOT NULL CHECK (version_number >= 1),
    title TEXT NOT NULL DEFAULT '',
    content TEXT NOT NULL DEFAULT '',
    summary TEXT,
    has_text INTEGER NOT NULL DEFAULT 0 CHECK (has_text IN (0, 1)),
    change_type TEXT NOT NULL CHECK (change_type IN ('created', 'updated', 'merged', 'archived')),
    change_reason TEXT,
    diff_json TEXT CHECK (diff_json IS NULL OR json_valid(diff_json)),  -- {"column": [before, after]}
    change_set INTEGER REFERENCES change_sets (id),
    -- When it became true; imports are backdated.
    valid_from TEXT NOT NULL CHECK (valid_from GLOB '????-??-??T??:??:??.???Z'),
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),  -- when it was recorded
    created_by TEXT NOT NULL REFERENCES users (id),
    given_id TEXT,
    UNIQUE (memory_id, version_number),
    CHECK (has_text = 1 OR (title = '' AND content = '' AND summary IS NULL))
) STRICT;

CREATE VIRTUAL TABLE memory_versions_fts USING fts5(
    title, content, summary,
    content=memory_old_texts,
    content_rowid=version_key,
    tokenize='porter unicode61 remove_diacritics 2'
);

CREATE TABLE 'memory_versions_fts_config'(k PRIMARY KEY, v) WITHOUT ROWID;

CREATE TABLE 'memory_versions_fts_data'(id INTEGER PRIMARY KEY, block BLOB);

CREATE TABLE 'memory_versions_fts_docsize'(id INTEGER PRIMARY KEY, sz BLOB);

CREATE TABLE 'memory_versions_fts_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;

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

CREATE TABLE outbox_sequence (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    value INTEGER NOT NULL
) STRICT;

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

CREATE TABLE project_identities (
    value TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('common_dir', 'remote', 'root_commit', 'alias', 'path'))
) STRICT, WITHOUT ROWID;

CREATE TABLE project_moves (
    change_set INTEGER NOT NULL REFERENCES change_sets (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('identity', 'session', 'link', 'pattern', 'active')),
    object_id TEXT NOT NULL,  -- the identity's value, the id of the session, memory, pattern or project
    before TEXT,  -- the project it belonged to, NULL for what is new; '0' or '1' for 'active'
    after TEXT,
    PRIMARY KEY (change_set, kind, object_id)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE projects (
    id TEXT NOT NULL PRIMARY KEY DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(id) = 32 AND id NOT GLOB '*[^0-9a-f]*'),
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT,
    path TEXT,
    git_remote_url TEXT,
    git_branch TEXT DEFAULT 'main',
    project_type TEXT,  -- web, api, cli, library, ...
    language TEXT,
    framework TEXT,
    config_json TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(config_json)),
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
    last_accessed_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (last_accessed_at GLOB '????-??-??T??:??:??.???Z'),
    is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    rev INTEGER NOT NULL DEFAULT 1 CHECK (rev >= 1)
) STRICT;

CREATE TABLE relation_changes (
    change_set INTEGER NOT NULL REFERENCES change_sets (id) ON DELETE CASCADE,
    from_key INTEGER NOT NULL REFERENCES memories (memory_key) ON DELETE CASCADE,
    to_key INTEGER REFERENCES memories (memory_key) ON DELETE CASCADE,
    project_id TEXT REFERENCES projects (id) ON DELETE CASCADE,
    relationship_type TEXT NOT NULL,
    before_json TEXT CHECK (before_json IS NULL OR json_valid(before_json)),
    CHECK ((to_key IS NULL) != (project_id IS NULL))
) STRICT;

CREATE TABLE schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (applied_at GLOB '????-??-??T??:??:??.???Z'),
    checksum TEXT NOT NULL CHECK (length(checksum) = 64)  -- SHA-256 of the file
) STRICT;

CREATE TABLE session_memories (
    id TEXT NOT NULL PRIMARY KEY DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(id) = 32 AND id NOT GLOB '*[^0-9a-f]*'),
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    memory_id TEXT NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
    position_in_session INTEGER,
    working_memory INTEGER NOT NULL DEFAULT 0 CHECK (working_memory IN (0, 1)),  -- in focus
    context_window_position INTEGER,
    added_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (added_at GLOB '????-??-??T??:??:??.???Z'),
    UNIQUE (session_id, memory_id)
) STRICT;

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(id) = 32 AND id NOT GLOB '*[^0-9a-f]*'),
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id TEXT REFERENCES projects (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT,
    git_branch TEXT,
    git_commit TEXT,
    working_directory TEXT,
    context_json TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(context_json)),  -- goal, open files, last queries
    parent_session_id TEXT REFERENCES sessions (id) ON DELETE SET NULL,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
    last_active_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (last_active_at GLOB '????-??-??T??:??:??.???Z'),
    ended_at TEXT CHECK (ended_at GLOB '????-??-??T??:??:??.???Z'),
    is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1))
) STRICT;

CREATE TABLE sqlite_sequence(name,seq);

CREATE TABLE store_meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE system_config (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    value_type TEXT NOT NULL DEFAULT 'string' CHECK (value_type IN ('string', 'integer', 'float', 'boolean', 'json')),
    description TEXT,
    is_user_configurable INTEGER NOT NULL DEFAULT 0 CHECK (is_user_configurable IN (0, 1)),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
    updated_by TEXT REFERENCES users (id)
) STRICT;

CREATE TABLE tombstones (
    kind TEXT NOT NULL CHECK (kind IN ('memory', 'relationship', 'project', 'user', 'pattern')),
    object_id TEXT NOT NULL,
    rev INTEGER NOT NULL,
    deleted_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (deleted_at GLOB '????-??-??T??:??:??.???Z'),
    PRIMARY KEY (kind, object_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(id) = 32 AND id NOT GLOB '*[^0-9a-f]*'),
    username TEXT NOT NULL UNIQUE,
    email TEXT UNIQUE,
    display_name TEXT,
    preferences_json TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(preferences_json)),
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
    last_active_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CHECK (last_active_at GLOB '????-??-??T??:??:??.???Z'),  -- a counter: no rev, no audit
    is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),  -- 0 refuses writes
    rev INTEGER NOT NULL DEFAULT 1 CHECK (rev >= 1)
) STRICT;

CREATE TRIGGER audit_anchors_keep BEFORE UPDATE ON audit_anchors
BEGIN
    SELECT raise(ABORT, 'an anchor cannot be changed');
END;

CREATE TRIGGER audit_anchors_retain BEFORE DELETE ON audit_anchors
BEGIN
    SELECT raise(ABORT, 'an anchor cannot be deleted');
END;

CREATE TRIGGER audit_anchors_true BEFORE INSERT ON audit_anchors
WHEN NOT EXISTS (SELECT 1 FROM audit_log WHERE seq = NEW.seq AND hash = NEW.hash)
BEGIN
    SELECT raise(ABORT, 'an anchor must repeat the hash of an entry');
END;

CREATE TRIGGER audit_log_keep BEFORE UPDATE ON audit_log
BEGIN
    SELECT raise(ABORT, 'an audit entry cannot be changed');
END;

CREATE TRIGGER audit_log_retain BEFORE DELETE ON audit_log
WHEN NOT EXISTS (SELECT 1 FROM audit_anchors WHERE seq >= OLD.seq)
BEGIN
    SELECT raise(ABORT, 'an audit entry cannot be deleted before an anchor covers it');
END;

CREATE TRIGGER memories_fts_insert AFTER INSERT ON memories
BEGIN
    INSERT INTO memories_fts (rowid, title, content, summary)
    VALUES (NEW.memory_key, NEW.title, NEW.content, NEW.summary);
END;

CREATE TRIGGER memories_fts_update AFTER UPDATE OF title, content, summary ON memories
WHEN (OLD.title, OLD.content, OLD.summary) IS NOT (NEW.title, NEW.content, NEW.summary)
BEGIN
    INSERT INTO memories_fts (memories_fts, rowid, title, content, summary)
    VALUES ('delete', OLD.memory_key, OLD.title, OLD.content, OLD.summary);
    INSERT INTO memories_fts (rowid, title, content, summary)
    VALUES (NEW.memory_key, NEW.title, NEW.content, NEW.summary);
END;

CREATE TRIGGER memories_link_reasons BEFORE DELETE ON memories
BEGIN
    UPDATE change_sets SET reason = NULL WHERE id IN (
        SELECT change_set FROM relation_changes WHERE from_key = OLD.memory_key
        UNION SELECT change_set FROM relation_changes WHERE to_key = OLD.memory_key
    );
END;

CREATE TRIGGER memories_pending_delete AFTER DELETE ON memories
BEGIN
    DELETE FROM memories_pending WHERE rowid = OLD.memory_key;
END;

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

CREATE TRIGGER memories_trigram_delete AFTER DELETE ON memories
WHEN OLD.is_unspaced = 1
BEGIN
    INSERT INTO memories_trigram (memories_trigram, rowid, title, content, summary)
    VALUES ('delete', OLD.memory_key, OLD.title, OLD.content, OLD.summary);
END;

CREATE TRIGGER memories_trigram_insert AFTER INSERT ON memories
WHEN NEW.is_unspaced = 1
BEGIN
    INSERT INTO memories_trigram (rowid, title, content, summary)
    VALUES (NEW.memory_key, NEW.title, NEW.content, NEW.summary);
END;

CREATE TRIGGER memories_trigram_update AFTER UPDATE OF title, content, summary ON memories
WHEN (OLD.is_unspaced = 1 OR NEW.is_unspaced = 1)
    AND (OLD.title, OLD.content, OLD.summary) IS NOT (NEW.title, NEW.content, NEW.summary)
BEGIN
    INSERT INTO memories_trigram (memories_trigram, rowid, title, content, summary)
    SELECT 'delete', OLD.memory_key, OLD.title, OLD.content, OLD.summary WHERE OLD.is_unspaced = 1;
    INSERT INTO memories_trigram (rowid, title, content, summary)
    SELECT NEW.memory_key, NEW.title, NEW.content, NEW.summary WHERE NEW.is_unspaced = 1;
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

CREATE TRIGGER memory_versions_fts_delete BEFORE DELETE ON memory_versions
WHEN OLD.has_text = 1
BEGIN
    INSERT INTO memory_versions_fts (memory_versions_fts, rowid, title, content, summary)
    VALUES ('delete', OLD.version_key, OLD.title, OLD.content, OLD.summary);
END;

CREATE TRIGGER memory_versions_fts_insert AFTER INSERT ON memory_versions
WHEN NEW.has_text = 1
BEGIN
    INSERT INTO memory_versions_fts (rowid, title, content, summary)
    VALUES (NEW.version_key, NEW.title, NEW.content, NEW.summary);
END;

CREATE TRIGGER memory_versions_fts_keep AFTER UPDATE OF has_text ON memory_versions
WHEN OLD.has_text = 0 AND NEW.has_text = 1
BEGIN
    INSERT INTO memory_versions_fts (rowid, title, content, summary)
    VALUES (NEW.version_key, NEW.title, NEW.content, NEW.summary);
END;

CREATE TRIGGER memory_versions_text_kept BEFORE UPDATE OF title, content, summary ON memory_versions
WHEN OLD.has_text = 1
BEGIN
    SELECT RAISE(ABORT, 'the text of an old version never changes');
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

CREATE VIEW memories_all AS
SELECT m.*,
       CASE
           WHEN m.layer_session = 1 THEN 'session'
           WHEN m.layer_project = 1 THEN 'project'
           WHEN m.layer_global = 1 THEN 'global'
           WHEN m.layer_temporal = 1 THEN 'temporal'
       END AS primary_layer
FROM memories AS m;

CREATE VIEW memories_shared AS
SELECT * FROM memories_all WHERE is_private = 0;

CREATE VIEW memories_unspaced AS
SELECT memory_key, title, content, summary FROM memories WHERE is_unspaced = 1;

CREATE VIEW memory_old_texts AS
SELECT version_key, memory_id, version_number, title, content, summary FROM memory_versions WHERE has_text = 1;

CREATE VIEW memory_versions_text AS
SELECT v.id, v.memory_id, v.version_number,
       iif(t.id IS NULL, m.title, t.title) AS title,
       iif(t.id IS NULL, m.content, t.content) AS content,
       iif(t.id IS NULL, m.summary, t.summary) AS summary,
       v.change_type, v.change_reason, v.diff_json, v.change_set, v.valid_from, v.created_at, v.created_by
FROM memory_versions AS v
JOIN memories AS m ON m.id = v.memory_id
LEFT JOIN memory_versions AS t
    ON t.memory_id = v.memory_id
    AND t.version_number = (
        SELECT min(s.version_number) FROM memory_versions AS s
        WHERE s.memory_id = v.memory_id AND s.version_number >= v.version_number AND s.has_text = 1
    );

CREATE VIEW pattern_totals AS
SELECT p.*,
       ifnull(sum(pp.usage_count), 0) AS usage_count,
       ifnull(sum(pp.success_rate * pp.usage_count) / nullif(sum(pp.usage_count), 0), 1.0) AS success_rate,
       ifnull('["' || group_concat(pp.project_id, '","') || '"]', '[]') AS project_ids  -- a JSON array
FROM patterns AS p
LEFT JOIN project_patterns AS pp ON pp.pattern_id = p.id
GROUP BY p.id;

-- system_config: ('memory_decay_enabled', 'true', 'boolean')

-- system_config: ('default_decay_rate', '0.1', 'float')

-- system_config: ('max_memories_per_session', '1000', 'integer')

-- system_config: ('semantic_search_threshold', '0.7', 'float')

-- system_config: ('auto_categorization_enabled', 'true', 'boolean')
