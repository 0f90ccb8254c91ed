"""Who is at the other end of a Unix socket, as the kernel knows it.

Not a judgement: the server and the client each compare the uid with their own.
"""

from __future__ import annotations

import struct
import sys

TYPE_CHECKING = False  # as typing's, without its import: this is on the path of every command
if TYPE_CHECKING:
    from asyncio.trsock import TransportSocket
    from socket import socket


def peer(sock: socket | TransportSocket) -> tuple[int, int]:
    """(pid, uid) of the process that connected, or, seen from a client, of the one that listens.

    Source: SO_PEERCRED of unix(7); on macOS LOCAL_PEERCRED and LOCAL_PEERPID of sys/un.h.
    """
    if sys.platform == "darwin":
        (uid,) = struct.unpack_from("I", sock.getsockopt(0, 1, 76), 4)
        (pid,) = struct.unpack("i", sock.getsockopt(0, 2, 4))
    else:
        pid, uid, _ = struct.unpack("3i", sock.getsockopt(1, 17, 12))
    return pid, uid
