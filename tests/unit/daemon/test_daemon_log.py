"""The log: JSON lines, closed to others, rotated, and harmless on a full disk."""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lmem.daemon.log import LogFile, close_log, open_log
from lmem.errors import InvalidInput


@pytest.fixture(autouse=True)
def _hooks() -> Iterator[None]:
    before = (sys.excepthook, threading.excepthook, logging.getLogger().level, logging.getLogger("lmem").level)
    handlers = list(logging.getLogger().handlers)
    yield
    sys.excepthook, threading.excepthook = before[0], before[1]
    logging.getLogger().setLevel(before[2])
    logging.getLogger("lmem").setLevel(before[3])
    logging.getLogger().handlers[:] = handlers


def _entries(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _record(message: str, *args: object, level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord("lmem.test", level, __file__, 1, message, args, None)


def test_a_record_is_one_json_line(tmp_path: Path) -> None:
    path = tmp_path / "state" / "daemon.log"
    handler = open_log(path, "info", foreground=False)
    logging.getLogger().handlers[:] = [handler]  # what is not UTF-8 cannot be in the report of a worker process
    log = logging.getLogger("lmem.some")
    log.info("two\nlines %s", "ä\udc80", extra={"data": {"pid": 5, "path": tmp_path}})
    log.debug("not at this level")
    logging.getLogger("other").info("not of others")
    logging.getLogger("other").warning("but warnings")
    try:
        raise ValueError("deep")
    except ValueError:
        log.exception("failed")
    close_log(handler)
    first, second, third = _entries(path)
    assert first["message"] == "two\nlines ä\udc80" and first["level"] == "info" and first["logger"] == "lmem.some"
    assert first["data"] == {"pid": 5, "path": str(tmp_path)}
    assert str(first["time"]).endswith("+00:00") and len(str(first["time"])) == 29
    assert second["logger"] == "other"
    assert "ValueError: deep" in str(third["exception"])
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    assert oct(path.parent.stat().st_mode & 0o777) == "0o700"


def test_the_foreground_shows_them_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    handler = open_log(tmp_path / "daemon.log", "debug", foreground=True)
    logging.getLogger("lmem.some").debug("hello")
    close_log(handler)
    assert capsys.readouterr().err == "DEBUG hello\n"


def test_an_unknown_level_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="'loud'") as found:
        open_log(tmp_path / "daemon.log", "loud", foreground=False)
    assert "debug, info, warning, error" in found.value.hint


def test_files_rotate_and_old_ones_go(tmp_path: Path) -> None:
    path = tmp_path / "daemon.log"
    handler = LogFile(path, file_bytes=1000, files=3)
    for number in range(100):
        handler.emit(_record("line %03d", number))
    handler.close()
    assert sorted(found.name for found in tmp_path.iterdir()) == ["daemon.log", "daemon.log.1", "daemon.log.2"]
    assert all(found.stat().st_size < 1200 for found in tmp_path.iterdir())
    kept = [entry["message"] for name in (".2", ".1", "") for entry in _entries(Path(f"{path}{name}"))]
    assert kept == [f"line {number:03d}" for number in range(100 - len(kept), 100)]


def test_a_log_goes_on_in_the_same_file(tmp_path: Path) -> None:
    for number in range(2):
        handler = LogFile(tmp_path / "daemon.log", file_bytes=10_000)
        handler.emit(_record("start %d", number))
        handler.close()
    assert [entry["message"] for entry in _entries(tmp_path / "daemon.log")] == ["start 0", "start 1"]


def test_a_full_disk_is_counted_and_told_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = LogFile(tmp_path / "daemon.log")
    handler.emit(_record("before"))
    real = os.write

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    handler.emit(_record("lost"))
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:10]))
    handler.emit(_record("torn"))
    assert handler.lost == 2
    monkeypatch.setattr(os, "write", real)
    handler.emit(_record("after"))
    handler.emit(_record("later"))
    handler.close()
    lines = (tmp_path / "daemon.log").read_text().splitlines()
    assert len(lines) == 4 and len(lines[1]) == 10
    assert json.loads(lines[2])["lost"] == 2 and "lost" not in json.loads(lines[3])


def test_a_rotation_that_fails_loses_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = LogFile(tmp_path / "daemon.log", file_bytes=100)

    def full(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    for number in range(5):
        handler.emit(_record("line %d", number))
    handler.close()
    assert [entry["message"] for entry in _entries(tmp_path / "daemon.log")] == [f"line {n}" for n in range(5)]


def test_a_message_that_does_not_fit_its_arguments_harms_nobody(tmp_path: Path) -> None:
    handler = LogFile(tmp_path / "daemon.log")
    handler.emit(_record("%d", "no number"))
    assert handler.lost == 1


def test_crashes_are_logged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "daemon.log"
    handler = open_log(path, "info", foreground=False)
    error = RuntimeError("boom")
    sys.excepthook(RuntimeError, error, None)
    thread = threading.Thread(target=lambda: 1 / 0, name="writer")
    thread.start()
    thread.join()
    close_log(handler)
    first, second = _entries(path)
    assert first["level"] == "critical" and "boom" in str(first["exception"])
    assert str(second["message"]).startswith("writer crashed: ZeroDivisionError")
    assert "boom" in capsys.readouterr().err
