-- The graph: what links were before and after a change, and the order of memories in a project without their rows.

-- What a change set did to links between memories and from memories to projects, so that `lmem undo` reverses it.
-- A purge takes it along: a context may be the words of what is purged.
CREATE TABLE relation_changes (
    change_set INTEGER NOT NULL REFERENCES change_sets (id) ON DELETE CASCADE,
    from_memory_id TEXT NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
    to_memory_id TEXT REFERENCES memories (id) ON DELETE CASCADE,
    to_project_id TEXT REFERENCES projects (id) ON DELETE CASCADE,
    relationship_type TEXT NOT NULL,
    before_json TEXT CHECK (before_json IS NULL OR json_valid(before_json)),  -- NULL: there was none
    after_json TEXT CHECK (after_json IS NULL OR json_valid(after_json)),
    CHECK ((to_memory_id IS NULL) != (to_project_id IS NULL))
) STRICT;

CREATE INDEX idx_relation_changes_set ON relation_changes (change_set);
CREATE INDEX idx_relation_changes_from ON relation_changes (from_memory_id);
CREATE INDEX idx_relation_changes_to ON relation_changes (to_memory_id) WHERE to_memory_id IS NOT NULL;
CREATE INDEX idx_relation_changes_project ON relation_changes (to_project_id) WHERE to_project_id IS NOT NULL;

-- What a user gave as the reason of a change of links may name what is purged, at either end.
CREATE TRIGGER memories_link_reasons BEFORE DELETE ON memories
BEGIN
    UPDATE change_sets SET reason = NULL WHERE id IN (
        SELECT change_set FROM relation_changes WHERE from_memory_id = OLD.id
        UNION SELECT change_set FROM relation_changes WHERE to_memory_id = OLD.id
    );
END;

-- Whether a user has anything private: a server's graph knows nothing of that.
CREATE INDEX idx_memories_private ON memories (user_id) WHERE is_private = 1 AND is_archived = 0;

-- A project's memories that belong to no session follow each other: found without a sort.
DROP INDEX idx_memories_project;
CREATE INDEX idx_memories_project ON memories (project_id, session_id, created_at) WHERE project_id IS NOT NULL;
