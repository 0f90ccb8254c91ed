-- The graph: what links were before and after a change, and the order of memories in a project without their rows.

-- What a change set did to links between memories and from memories to projects, so that `lmem undo` reverses it: what
-- each held before, NULL for nothing. A purge takes it along: a context may be the words of what is purged. Memories
-- are named by their key, which is a tenth of an id.
CREATE TABLE relation_changes (
    change_set INTEGER NOT NULL REFERENCES change_sets (id) ON DELETE CASCADE,
    from_key INTEGER NOT NULL REFERENCES memories (memory_key) ON DELETE CASCADE,
    to_key INTEGER REFERENCES memories (memory_key) ON DELETE CASCADE,
    project_id TEXT REFERENCES projects (id) ON DELETE CASCADE,
    relationship_type TEXT NOT NULL,
    before_json TEXT CHECK (before_json IS NULL OR json_valid(before_json)),
    CHECK ((to_key IS NULL) != (project_id IS NULL))
) STRICT;

CREATE INDEX idx_relation_changes_set ON relation_changes (change_set);
CREATE INDEX idx_relation_changes_from ON relation_changes (from_key);
CREATE INDEX idx_relation_changes_to ON relation_changes (to_key) WHERE to_key IS NOT NULL;
CREATE INDEX idx_relation_changes_project ON relation_changes (project_id) WHERE project_id IS NOT NULL;

-- What a user gave as the reason of a change of links may name what is purged, at either end.
CREATE TRIGGER memories_link_reasons BEFORE DELETE ON memories
BEGIN
    UPDATE change_sets SET reason = NULL WHERE id IN (
        SELECT change_set FROM relation_changes WHERE from_key = OLD.memory_key
        UNION SELECT change_set FROM relation_changes WHERE to_key = OLD.memory_key
    );
END;

-- Whether a user has anything private: a server's graph knows nothing of that.
CREATE INDEX idx_memories_private ON memories (user_id) WHERE is_private = 1 AND is_archived = 0;

-- A project's memories that belong to no session follow each other: found without a sort.
DROP INDEX idx_memories_project;
CREATE INDEX idx_memories_project ON memories (project_id, session_id, created_at) WHERE project_id IS NOT NULL;
