-- The key of a table WITHOUT ROWID comes first: SQLite 3.40 takes its columns in their stored order, and its integrity
-- check tells of NULLs where there are none when the key stands behind other columns.

CREATE TABLE project_identities_before AS SELECT value, project_id, kind FROM project_identities;
DROP TABLE project_identities;

CREATE TABLE project_identities (
    value TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('common_dir', 'remote', 'root_commit', 'alias', 'path'))
) STRICT, WITHOUT ROWID;

INSERT INTO project_identities (value, project_id, kind) SELECT value, project_id, kind FROM project_identities_before;
DROP TABLE project_identities_before;

CREATE INDEX idx_project_identities_project ON project_identities (project_id, kind);
