// Relationships between memories, the temporal ones among them, are found by the id of their row: it is all that is
// known of one that was unlinked.

CREATE INDEX rel_relates_to_id IF NOT EXISTS FOR ()-[r:RELATES_TO]-() ON (r.id);
CREATE INDEX rel_contradicts_id IF NOT EXISTS FOR ()-[r:CONTRADICTS]-() ON (r.id);
CREATE INDEX rel_builds_on_id IF NOT EXISTS FOR ()-[r:BUILDS_ON]-() ON (r.id);
CREATE INDEX rel_resolves_id IF NOT EXISTS FOR ()-[r:RESOLVES]-() ON (r.id);
CREATE INDEX rel_supersedes_id IF NOT EXISTS FOR ()-[r:SUPERSEDES]-() ON (r.id);
CREATE INDEX rel_temporal_before_id IF NOT EXISTS FOR ()-[r:TEMPORAL_BEFORE]-() ON (r.id);
CREATE INDEX rel_same_context_id IF NOT EXISTS FOR ()-[r:SAME_CONTEXT]-() ON (r.id);
