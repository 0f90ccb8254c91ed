-- Whether a user has private memories at all: a graph on a server has none of them, so it cannot answer for all of it.

CREATE INDEX idx_memories_private ON memories (user_id) WHERE is_private = 1 AND is_archived = 0;
