"""The truth: SQLite behind one writer thread and a pool of readers."""
