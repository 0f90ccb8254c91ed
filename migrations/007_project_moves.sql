-- What a merge of projects moved besides memories, so that `lmem undo` moves it back.

CREATE TABLE project_moves (
    change_set INTEGER NOT NULL REFERENCES change_sets (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('identity', 'session', 'link', 'pattern', 'active')),
    object_id TEXT NOT NULL,  -- the identity's value, the id of the session, memory, pattern or project
    before TEXT,  -- the project it belonged to, NULL for what is new; '0' or '1' for 'active'
    after TEXT,
    PRIMARY KEY (change_set, kind, object_id)
) STRICT, WITHOUT ROWID;
