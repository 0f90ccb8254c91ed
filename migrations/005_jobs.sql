-- Upkeep: when each job of the daemon ran, and how far decay has come.

-- A job and when it began to be due: a night before that was not missed.
CREATE TABLE jobs (
    name TEXT NOT NULL PRIMARY KEY,
    since TEXT NOT NULL CHECK (since GLOB '????-??-??T??:??:??.???Z')
) STRICT, WITHOUT ROWID;

CREATE TABLE job_runs (
    id INTEGER PRIMARY KEY,
    job TEXT NOT NULL REFERENCES jobs (name),
    cause TEXT NOT NULL CHECK (cause IN ('schedule', 'missed', 'user')),
    state TEXT NOT NULL CHECK (state IN ('done', 'failed')),
    changed INTEGER NOT NULL CHECK (changed >= 0),
    change_set INTEGER REFERENCES change_sets (id),
    message TEXT NOT NULL,
    started_at TEXT NOT NULL CHECK (started_at GLOB '????-??-??T??:??:??.???Z'),
    ended_at TEXT NOT NULL CHECK (ended_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;

CREATE INDEX idx_job_runs_job ON job_runs (job, id);

-- The days (UTC) that decay has seen to, with what it found active and what it moved. A day without a figure is where
-- the count of days began. The days bound what a later run may move, however the days are shared out between runs.
CREATE TABLE decay_days (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    day TEXT NOT NULL CHECK (day GLOB '????-??-??'),
    active INTEGER,
    moved INTEGER,
    PRIMARY KEY (user_id, day)
) STRICT, WITHOUT ROWID;

-- What a run has still to move, by its change set; the row goes when the run is over. A killed run goes on from here.
CREATE TABLE decay_plans (
    change_set INTEGER PRIMARY KEY REFERENCES change_sets (id),
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    memory_ids TEXT NOT NULL CHECK (json_valid(memory_ids))
) STRICT;
