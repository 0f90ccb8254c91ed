-- Memories that no relay has applied since they were added, by key: full text has their words already, and a second
-- index of them cost each add a third of its time. memories_pending stays for the few that are old and wait all the
-- same (edited, restored, withheld from a server's index): among all rows these are slow to look up.
CREATE TABLE memories_unindexed (
    memory_key INTEGER PRIMARY KEY REFERENCES memories (memory_key) ON DELETE CASCADE
) STRICT;
