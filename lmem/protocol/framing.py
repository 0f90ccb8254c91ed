"""Newline-delimited JSON frames: bytes to objects and back, with limits.

Not a reader of sockets; both sides feed it lines they have read.
"""

from __future__ import annotations

import json

from lmem.errors import FrameError

MAX_FRAME = 8 * 1024 * 1024
"""Bytes of one line, newline included."""

Frame = dict[str, object]


def encode(frame: Frame) -> bytes:
    """One frame as a line of valid UTF-8: lone surrogates (invalid bytes in argv) are escaped."""
    try:
        return json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(frame, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Frame:
    """The frame in a line. Raises FrameError for anything that is not one JSON object in UTF-8 below the limit."""
    if len(line) > MAX_FRAME:
        raise FrameError(f"A frame may have {MAX_FRAME} bytes; this one has more.")
    try:
        frame = json.loads(line)
    except (ValueError, RecursionError) as err:
        raise FrameError(f"A frame is not valid JSON: {type(err).__name__}.") from err
    if not isinstance(frame, dict):
        raise FrameError("A frame is a JSON object, not a list or a value.")
    return frame
