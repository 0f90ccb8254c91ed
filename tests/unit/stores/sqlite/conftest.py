"""A migrated file, a connection to it and an open database, each in a directory of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from lmem.stores.sqlite import migrations
from lmem.stores.sqlite.connection import open_writer
from lmem.stores.sqlite.database import Database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "layered_memory.db"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    """A writing connection to an empty store of the newest schema."""
    opened = open_writer(path)
    migrations.migrate(opened, migrations.load())
    yield opened
    opened.close()


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    opened = Database.open(path)
    yield opened
    opened.close_now()
