// Keys of the graph's nodes, and the indexes of specification 3.6.
//
// Released migrations never change: the daemon compares their checksums with those in the (:Migration) nodes. It runs
// the statements one by one (each ends at the end of a line), again if it was stopped in between: so each may run twice.
// Community has no existence constraints and no keys of several properties: every key is one unique property.

CREATE CONSTRAINT migration_version_unique IF NOT EXISTS FOR (g:Migration) REQUIRE g.version IS UNIQUE;

CREATE CONSTRAINT memory_id_unique IF NOT EXISTS FOR (m:Memory) REQUIRE m.id IS UNIQUE;
CREATE CONSTRAINT project_id_unique IF NOT EXISTS FOR (p:Project) REQUIRE p.id IS UNIQUE;
CREATE CONSTRAINT pattern_id_unique IF NOT EXISTS FOR (pt:Pattern) REQUIRE pt.id IS UNIQUE;
CREATE CONSTRAINT user_id_unique IF NOT EXISTS FOR (u:User) REQUIRE u.id IS UNIQUE;

CREATE INDEX memory_user_id IF NOT EXISTS FOR (m:Memory) ON (m.user_id);
CREATE INDEX memory_project_id IF NOT EXISTS FOR (m:Memory) ON (m.project_id);
CREATE INDEX memory_type IF NOT EXISTS FOR (m:Memory) ON (m.memory_type);
CREATE INDEX memory_importance IF NOT EXISTS FOR (m:Memory) ON (m.importance_score);
CREATE INDEX memory_created_at IF NOT EXISTS FOR (m:Memory) ON (m.created_at);

CREATE INDEX project_user_id IF NOT EXISTS FOR (p:Project) ON (p.user_id);
CREATE INDEX project_type IF NOT EXISTS FOR (p:Project) ON (p.project_type);

CREATE INDEX pattern_type IF NOT EXISTS FOR (pt:Pattern) ON (pt.pattern_type);
CREATE INDEX pattern_success IF NOT EXISTS FOR (pt:Pattern) ON (pt.success_rate);

CREATE INDEX rel_strength IF NOT EXISTS FOR ()-[r:RELATES_TO]-() ON (r.strength);
CREATE INDEX rel_applies_relevance IF NOT EXISTS FOR ()-[r:APPLIES_TO]-() ON (r.relevance);
