"""The error tree: every error lmem raises, with its stable code, exit status and next step.

Not a place for logic; it imports nothing, so every layer may raise these.

    LmemError
    ├── InvalidInput            invalid_input        exit 2
    │   ├── UnknownMethod       unknown_method       exit 2
    │   └── FrameError          bad_frame            exit 2
    ├── DaemonError             daemon               exit 3
    │   ├── DaemonNotRunning    daemon_not_running   exit 3
    │   ├── DaemonUnresponsive  daemon_unresponsive  exit 3
    │   ├── DaemonStartFailed   daemon_start_failed  exit 3
    │   ├── DaemonStopping      daemon_stopping      exit 3
    │   ├── ConnectionLost      connection_lost      exit 3
    │   ├── SocketDenied        socket_denied        exit 3
    │   └── VersionMismatch     version_mismatch     exit 3
    ├── NotFound                not_found            exit 4
    │   └── AmbiguousId         ambiguous_id         exit 4
    ├── Conflict                conflict             exit 5
    │   └── AlreadyRunning      already_running      exit 5
    ├── StoreUnavailable        store_unavailable    exit 6
    │   ├── ModelMissing        model_missing        exit 6
    │   ├── WorkerDied          worker_died          exit 6
    │   └── StoreDown           store_down           exit 6
    │       └── IndexLost       index_lost           exit 6
    ├── Cancelled               cancelled            exit 1
    ├── StorageFull             storage_full         exit 1
    ├── Forbidden               forbidden            exit 1
    ├── DownloadFailed          download_failed      exit 1
    ├── Damaged                 damaged              exit 10
    │   ├── ForeignFile         foreign_file         exit 10
    │   └── NewerFile           newer_file           exit 10
    └── Internal                internal             exit 1

A message is a sentence; `hint` is the next safe step. Without arguments an error says its class docstring.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as typing's, without its import: every client pays for what this file imports
if TYPE_CHECKING:
    from typing import ClassVar


class LmemError(Exception):
    """Something in lmem did not work."""

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 1
    retryable: ClassVar[bool] = False
    default_hint: ClassVar[str] = "Run 'lmem doctor' to see what is wrong."

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        self.hint = hint or self.default_hint
        super().__init__(self.message)

    def to_wire(self) -> dict[str, object]:
        """The `data` member of a JSON-RPC error object."""
        return {"code": self.code, "hint": self.hint, "retryable": self.retryable}


# What the caller wrote


class InvalidInput(LmemError):
    """The input cannot be used as it is."""

    code = "invalid_input"
    exit_status = 2
    default_hint = "See 'lmem COMMAND --help' for what is accepted."


class UnknownMethod(InvalidInput):
    """The daemon does not know this method."""

    code = "unknown_method"
    default_hint = "Run 'lmem daemon restart' if lmem was upgraded while the daemon was running."


class FrameError(InvalidInput):
    """A line on the socket is not a valid frame."""

    code = "bad_frame"
    default_hint = "Send one JSON-RPC 2.0 object a line, in UTF-8, below the size limit."


# The daemon and the way to it


class DaemonError(LmemError):
    """The daemon cannot be used."""

    code = "daemon"
    exit_status = 3
    retryable = True
    default_hint = "Run 'lmem daemon status', then 'lmem daemon logs'."


class DaemonNotRunning(DaemonError):
    """The daemon is not running."""

    code = "daemon_not_running"
    default_hint = "Run 'lmem daemon start'."


class DaemonUnresponsive(DaemonError):
    """The daemon is running but does not answer."""

    code = "daemon_unresponsive"
    default_hint = "Run 'lmem daemon restart --force'."


class DaemonStartFailed(DaemonError):
    """The daemon could not be started."""

    code = "daemon_start_failed"
    default_hint = "Run 'lmem daemon run' to see why, then 'lmem doctor'."


class DaemonStopping(DaemonError):
    """The daemon is stopping and takes no more requests."""

    code = "daemon_stopping"
    default_hint = "Run the command again: it starts a new daemon."


class ConnectionLost(DaemonError):
    """The connection broke before the answer came; whether the request took effect is not known."""

    code = "connection_lost"
    retryable = False
    default_hint = "Look at what is stored with 'lmem list' before you run the command again."


class SocketDenied(DaemonError):
    """This process may not use the daemon's socket, as inside a sandbox; the daemon itself may be well."""

    code = "socket_denied"
    retryable = False
    default_hint = "Allow Unix sockets for this sandbox, or run the command outside of it."


class VersionMismatch(DaemonError):
    """The daemon speaks another protocol version than this lmem."""

    code = "version_mismatch"
    default_hint = "Run 'lmem daemon restart'."


# What was asked for


class NotFound(LmemError):
    """There is nothing by that name."""

    code = "not_found"
    exit_status = 4
    default_hint = "Run 'lmem list' or 'lmem search' to find it."


class AmbiguousId(NotFound):
    """More than one memory starts with that id."""

    code = "ambiguous_id"
    default_hint = "Give a few more characters of the id."


class Conflict(LmemError):
    """The change does not fit what is stored."""

    code = "conflict"
    exit_status = 5
    default_hint = "Look at the current state with 'lmem show ID', then try again."


class AlreadyRunning(Conflict):
    """Another daemon owns this data directory."""

    code = "already_running"
    default_hint = "Use the running daemon, or stop it with 'lmem daemon stop'."


class Cancelled(LmemError):
    """The request was cancelled."""

    code = "cancelled"
    retryable = True
    default_hint = "Look at what is stored with 'lmem list', then run the command again if you still want it."


# The stores


class StoreUnavailable(LmemError):
    """A store does not answer."""

    code = "store_unavailable"
    exit_status = 6
    retryable = True
    default_hint = "Full text still answers; run 'lmem doctor' for the cause."


class ModelMissing(StoreUnavailable):
    """There is no embedding model yet."""

    code = "model_missing"
    default_hint = "Run 'lmem init' to get it; full text answers meanwhile."


class WorkerDied(StoreUnavailable):
    """The index worker died; it comes back by itself."""

    code = "worker_died"


class StoreDown(StoreUnavailable):
    """A store's server does not answer, or refuses us."""

    code = "store_down"
    default_hint = "It is tried again by itself, and full text answers meanwhile; 'lmem doctor' shows the cause."


class IndexLost(StoreDown):
    """The server does not hold the index that was written there."""

    code = "index_lost"
    default_hint = "It is built anew by itself, and full text answers meanwhile."


class StorageFull(LmemError):
    """The disk is full; nothing of this request was stored."""

    code = "storage_full"
    retryable = True
    default_hint = "Free some space, then run the command again."


class Forbidden(LmemError):
    """This is not allowed."""

    code = "forbidden"
    default_hint = "See 'lmem doctor' for who owns the data directory."


class DownloadFailed(LmemError):
    """The model could not be fetched."""

    code = "download_failed"
    retryable = True
    default_hint = "Check the network, or set LMEM_MODEL_DIR to a directory that holds the model."


class Damaged(LmemError):
    """The database did not pass its check."""

    code = "damaged"
    exit_status = 10
    default_hint = "Run 'lmem backup list', then 'lmem backup restore NAME'; the damaged file is kept beside them."


class ForeignFile(Damaged):
    """The database file belongs to another application."""

    code = "foreign_file"
    default_hint = "Set LMEM_HOME to another directory; the file was not touched."


class NewerFile(Damaged):
    """The database was written by a newer lmem."""

    code = "newer_file"
    default_hint = "Upgrade lmem; the file was not touched."


class Internal(LmemError):
    """lmem has a bug; the daemon's log has the details."""

    code = "internal"
    default_hint = "Run 'lmem daemon logs' and report what it shows."


def _tree(root: type[LmemError]) -> dict[str, type[LmemError]]:
    found = {root.code: root}
    for child in root.__subclasses__():
        found |= _tree(child)
    return found


ERRORS: dict[str, type[LmemError]] = _tree(LmemError)


def from_wire(message: str, data: dict[str, object]) -> LmemError:
    """The error a JSON-RPC error object stands for; an unknown code becomes a plain LmemError."""
    cls = ERRORS.get(str(data.get("code")), LmemError)
    hint = data.get("hint")
    return cls(message, hint=hint if isinstance(hint, str) else None)
