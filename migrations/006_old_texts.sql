-- Full text over what memories said before they were edited: `--as-of` searches it beside memories_fts.
--
-- Only texts that were replaced are in it; the newest is read from `memories`. memory_versions has no integer key that
-- VACUUM leaves alone, so the index has a table of its own that gives each old text a number.

CREATE TABLE memory_version_texts (
    text_key INTEGER PRIMARY KEY,
    version_id TEXT NOT NULL UNIQUE REFERENCES memory_versions (id) ON DELETE CASCADE
) STRICT;

CREATE VIEW memory_old_texts AS
SELECT t.text_key, v.memory_id, v.version_number, v.title, v.content, v.summary
FROM memory_version_texts AS t
JOIN memory_versions AS v ON v.id = t.version_id;

CREATE VIRTUAL TABLE memory_versions_fts USING fts5(
    title, content, summary,
    content=memory_old_texts,
    content_rowid=text_key,
    tokenize='porter unicode61 remove_diacritics 2'
);

CREATE TRIGGER memory_versions_fts_keep AFTER UPDATE OF has_text ON memory_versions
WHEN OLD.has_text = 0 AND NEW.has_text = 1
BEGIN
    INSERT INTO memory_version_texts (version_id) VALUES (NEW.id);
    INSERT INTO memory_versions_fts (rowid, title, content, summary)
    SELECT text_key, NEW.title, NEW.content, NEW.summary FROM memory_version_texts WHERE version_id = NEW.id;
END;

CREATE TRIGGER memory_versions_fts_insert AFTER INSERT ON memory_versions
WHEN NEW.has_text = 1
BEGIN
    INSERT INTO memory_version_texts (version_id) VALUES (NEW.id);
    INSERT INTO memory_versions_fts (rowid, title, content, summary)
    SELECT text_key, NEW.title, NEW.content, NEW.summary FROM memory_version_texts WHERE version_id = NEW.id;
END;

CREATE TRIGGER memory_versions_fts_delete BEFORE DELETE ON memory_versions
WHEN OLD.has_text = 1
BEGIN
    INSERT INTO memory_versions_fts (memory_versions_fts, rowid, title, content, summary)
    SELECT 'delete', text_key, OLD.title, OLD.content, OLD.summary
    FROM memory_version_texts WHERE version_id = OLD.id;
END;

-- A text that was kept stays as it is: the version that holds it is not the newest any more.
CREATE TRIGGER memory_versions_text_kept BEFORE UPDATE OF title, content, summary ON memory_versions
WHEN OLD.has_text = 1
BEGIN
    SELECT RAISE(ABORT, 'the text of an old version never changes');
END;
