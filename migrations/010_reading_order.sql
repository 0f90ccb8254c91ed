-- A question about all of a user's memories reads them in the order of the file: by an index that has them in another
-- order each row was a page of its own, five times as slow at 300 000. SQLite takes the index that was made last of those
-- that are equally good, so idx_memories_user is, and the texts' hashes begin with what tells them apart.

DROP INDEX idx_memories_content_hash;
CREATE INDEX idx_memories_content_hash ON memories (content_hash, user_id);

DROP INDEX idx_memories_user;
CREATE INDEX idx_memories_user ON memories (user_id);
