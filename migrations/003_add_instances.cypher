// Several lmem may share a database: each keeps its nodes under a prefix of its own, which its (:Instance) claims.

CREATE CONSTRAINT instance_prefix_unique IF NOT EXISTS FOR (i:Instance) REQUIRE i.prefix IS UNIQUE;

CREATE INDEX memory_prefix IF NOT EXISTS FOR (m:Memory) ON (m.prefix);
CREATE INDEX project_prefix IF NOT EXISTS FOR (p:Project) ON (p.prefix);
CREATE INDEX pattern_prefix IF NOT EXISTS FOR (pt:Pattern) ON (pt.prefix);
CREATE INDEX user_prefix IF NOT EXISTS FOR (u:User) ON (u.prefix);
