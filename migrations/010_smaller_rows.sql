-- Smaller rows: what can be told from other columns is not stored, and an index holds what it finds rows by.
--
-- Measured for 10,000 memories of 2 KB with a link each; `lmem-design.7` has the figures.

-- Audit log. The hash of an entry before is that entry's, so it is not repeated; an id is the first half of its
-- entry's hash (what was given one before keeps it: it is part of its hash); a time is a number of milliseconds, 6 bytes
-- in a row and in three indexes instead of 24. Twelve digits of an id are as good as 32 to find it by.
CREATE TABLE audit_log_before AS SELECT * FROM audit_log ORDER BY seq;
DROP TABLE audit_log;

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

INSERT INTO audit_log (seq, user_id, session_id, action, resource_type, resource_id, details_json, ip_address,
    user_agent, at_ms, hash, given_id)
SELECT seq, user_id, session_id, action, resource_type, resource_id, details_json, ip_address, user_agent,
    CAST(strftime('%s', substr(created_at, 1, 19)) AS INTEGER) * 1000 + CAST(substr(created_at, 21, 3) AS INTEGER),
    hash, id
FROM audit_log_before;
DROP TABLE audit_log_before;

CREATE INDEX idx_audit_log_user ON audit_log (substr(user_id, 1, 12), at_ms DESC);
CREATE INDEX idx_audit_log_action ON audit_log (action, at_ms DESC);
CREATE INDEX idx_audit_log_resource ON audit_log (resource_type, substr(resource_id, 1, 12));
CREATE INDEX idx_audit_log_created ON audit_log (at_ms DESC);

CREATE TRIGGER audit_log_keep BEFORE UPDATE ON audit_log
BEGIN
    SELECT raise(ABORT, 'an audit entry cannot be changed');
END;

CREATE TRIGGER audit_log_retain BEFORE DELETE ON audit_log
WHEN NOT EXISTS (SELECT 1 FROM audit_anchors WHERE seq >= OLD.seq)
BEGIN
    SELECT raise(ABORT, 'an audit entry cannot be deleted before an anchor covers it');
END;

-- Versions. A version is named by its memory and number; its id, which nothing refers to, is made of these (what was
-- given one before keeps it). version_key keeps their order, also through VACUUM, and is what full text over replaced
-- texts points to.
DROP TABLE memory_versions_fts;
DROP VIEW memory_old_texts;
DROP TABLE memory_version_texts;
CREATE TABLE memory_versions_before AS SELECT * FROM memory_versions ORDER BY rowid;
DROP TABLE memory_versions;

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

INSERT INTO memory_versions (memory_id, version_number, title, content, summary, has_text, change_type, change_reason,
    diff_json, change_set, valid_from, created_at, created_by, given_id)
SELECT memory_id, version_number, title, content, summary, has_text, change_type, change_reason, diff_json, change_set,
    valid_from, created_at, created_by, id
FROM memory_versions_before ORDER BY rowid;
DROP TABLE memory_versions_before;

CREATE INDEX idx_memory_versions_created ON memory_versions (created_at DESC);
CREATE INDEX idx_memory_versions_change_set ON memory_versions (change_set) WHERE change_set IS NOT NULL;

CREATE VIEW memory_old_texts AS
SELECT version_key, memory_id, version_number, title, content, summary FROM memory_versions WHERE has_text = 1;

CREATE VIRTUAL TABLE memory_versions_fts USING fts5(
    title, content, summary,
    content=memory_old_texts,
    content_rowid=version_key,
    tokenize='porter unicode61 remove_diacritics 2'
);

INSERT INTO memory_versions_fts (memory_versions_fts) VALUES ('rebuild');

CREATE TRIGGER memory_versions_fts_keep AFTER UPDATE OF has_text ON memory_versions
WHEN OLD.has_text = 0 AND NEW.has_text = 1
BEGIN
    INSERT INTO memory_versions_fts (rowid, title, content, summary)
    VALUES (NEW.version_key, NEW.title, NEW.content, NEW.summary);
END;

CREATE TRIGGER memory_versions_fts_insert AFTER INSERT ON memory_versions
WHEN NEW.has_text = 1
BEGIN
    INSERT INTO memory_versions_fts (rowid, title, content, summary)
    VALUES (NEW.version_key, NEW.title, NEW.content, NEW.summary);
END;

CREATE TRIGGER memory_versions_fts_delete BEFORE DELETE ON memory_versions
WHEN OLD.has_text = 1
BEGIN
    INSERT INTO memory_versions_fts (memory_versions_fts, rowid, title, content, summary)
    VALUES ('delete', OLD.version_key, OLD.title, OLD.content, OLD.summary);
END;

-- A text that was kept stays as it is: the version that holds it is not the newest any more.
CREATE TRIGGER memory_versions_text_kept BEFORE UPDATE OF title, content, summary ON memory_versions
WHEN OLD.has_text = 1
BEGIN
    SELECT RAISE(ABORT, 'the text of an old version never changes');
END;

-- A text's hash tells it apart by itself, whoever's it is.
DROP INDEX idx_memories_content_hash;
CREATE INDEX idx_memories_content_hash ON memories (content_hash);

-- A question about all of a user's memories reads them in the order of the file: by an index that has them in another
-- order each row was a page of its own, five times as slow at 300 000. SQLite takes the index that was made last of those
-- that are equally good, so this one is.
DROP INDEX idx_memories_user;
CREATE INDEX idx_memories_user ON memories (user_id);
