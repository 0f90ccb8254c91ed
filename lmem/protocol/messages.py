"""The messages of the wire: hello, request, answer, notification, and the table of METHODS.

Not a dispatcher; `lmem.daemon.dispatch` maps the same names to handlers. The wire is JSON-RPC 2.0, one object a line.
"""

from __future__ import annotations

import os

from lmem._version import __version__
from lmem.errors import FrameError, Internal, LmemError, from_wire
from lmem.protocol.framing import Frame

PROTOCOL = 1
"""Raised only when a change breaks older clients; fields are only ever added."""

METHODS: dict[str, str] = {
    "memory/add": "Store one memory; answers after the durable commit.",
    "memory/add_many": "Store many memories, each on its own terms; answers one row per item.",
    "memory/get": "One memory by id or unique prefix, with its relationships.",
    "memory/list": "Memories in the order of the layered query, filtered.",
    "memory/search": "Ranked memories for a question.",
    "search/history": "The user's last searches, the newest first.",
    "memory/edit": "Change fields of one memory.",
    "memory/forget": "Archive memories, or purge them from every store.",
    "memory/restore": "Bring archived memories back, or one to what it was at a version.",
    "memory/history": "Every version of one memory.",
    "memory/diff": "What differs between two versions of a memory.",
    "memory/merge": "Merge memories into the first, which supersedes the others.",
    "memory/timeline": "Memories in the order of time, the newest or those around one.",
    "change/list": "Change sets, the newest first.",
    "memory/undo": "Reverse a change set, by default the last one.",
    "memory/done": "Close a task: writes RESOLVES.",
    "memory/tags": "Tags with their counts.",
    "memory/export": "A page of all memories as records, in order of age.",
    "session/start": "Open a session of work in a directory.",
    "session/end": "End a session: what mattered joins its project, the rest fades.",
    "session/switch": "Make an open session the current one of a directory.",
    "session/list": "Sessions, the most recently active first.",
    "session/show": "A session with its parents, its children and its memories.",
    "session/resume": "Make a session current again and show what was going on in it.",
    "session/focus": "Put memories into a session's focus.",
    "session/unfocus": "Take memories out of a session's focus.",
    "context/get": "The brief for the start of work, within a budget of tokens.",
    "memory/pin": "Pin memories: their importance does not fade.",
    "memory/unpin": "Let pinned memories fade again, at the rate they had before.",
    "decay/run": "What has faded, moved to the temporal layer or only counted.",
    "hook/backfill": "Store the commits that a repository has already; progress comes as notifications.",
    "jobs/list": "The daemon's jobs, their last runs and when they are due.",
    "jobs/run": "Run a job now, or say what it would do.",
    "jobs/history": "Recorded runs of the jobs.",
    "layer/list": "The rules of the layers with their counts, and what the router measured.",
    "layer/show": "One layer, or the layers of one memory and how it came by them.",
    "layer/move": "Give a memory other layers, with a reason.",
    "project/list": "Projects, the one used last first; the current one is marked.",
    "project/names": "Names and descriptions of the projects that are not archived, by name.",
    "project/show": "One project by name, or the current one, with what it is recognised by.",
    "project/init": "Make the caller's directory a project, or look again at the one that it is.",
    "project/set": "Change description, type, language, framework, settings or aliases of a project.",
    "project/rename": "Give a project another name; the old one stays as an alias.",
    "project/merge": "Move everything of one project to another, as one change set.",
    "project/archive": "Take a project out of the lists, or bring it back.",
    "pattern/add": "Record a pattern in a project, with its evidence; the same type and name is the same pattern.",
    "pattern/list": "Patterns by use or success, of a project or of all, or those that are like a text.",
    "pattern/show": "One pattern with its projects, its evidence and its newest uses.",
    "pattern/outcome": "Record a use of a pattern in a project and how it went.",
    "pattern/forget": "Remove a pattern with its uses and its evidence for ever.",
    "transaction/begin": "Open a transaction: requests wait under its id until it is committed or idle for too long.",
    "transaction/stage": "Let a memory/add, add_many, edit, forget or restore wait in a transaction, once it is valid.",
    "transaction/commit": "Apply what waits in one change set, or store nothing and name the request at fault.",
    "transaction/rollback": "Forget what waits in a transaction.",
    "user/show": "Who lmem thinks you are.",
    "user/set": "Change your name or e-mail address, or whether you may write.",
    "config/get": "A setting: its value, where that comes from, what each level says.",
    "config/set": "Set a setting at a level.",
    "config/unset": "Take a setting away from a level.",
    "config/list": "Every setting, and what a project's file says without effect.",
    "audit/list": "Entries of the audit log, the newest first; for the user's own terminal only.",
    "audit/verify": "Whether the audit log's chain holds, and where it does not.",
    "backup/create": "Write a checked copy of the database to the backups, or to a file.",
    "backup/list": "Backups, the newest first.",
    "backup/verify": "Whether backups pass their check.",
    "backup/restore": "What restoring a backup would change; or the daemon ends, and its next start restores it.",
    "store/verify": "What each store holds, compared with the truth.",
    "store/repair": "Make the stores agree with the truth again.",
    "store/rebuild": "Build a store anew from the truth, beside the one that serves.",
    "store/sync": "Write one memory to every store now.",
    "relation/link": "Link two memories, or a memory to a project that it applies to; or change what a link holds.",
    "relation/unlink": "Take links between two memories away, or one to a project.",
    "relation/related": "What a memory is related to by links, order or meaning; without one the strongest links.",
    "graph/neighbours": "What lies within some edges of a memory, project, pattern or user, nearest first.",
    "graph/path": "A shortest way between two nodes of the graph.",
    "graph/communities": "Groups of memories that belong together by their links.",
    "graph/patterns": "Which patterns a project uses, and which failed in it.",
    "graph/projects": "In which projects a pattern is used, and in which it failed.",
    "graph/export": "A page of the graph: edges with the nodes at their ends.",
    "graph/cypher": "Rows of a Cypher query that only reads, of the whole Neo4j database; in the terminal only.",
    "status/get": "What runs, where it lies, and how far each projection is.",
    "status/wait": "Answers when every projection has caught up; progress says what they wait for ('trouble').",
    "status/doctor": "Findings about the daemon and its stores, each with its next step.",
    "stats/get": "Sizes of the stores, hit rates of the cache by key, and popular questions.",
    "model/list": "Known models and which one is in use.",
    "model/use": "Select the embedding model.",
    "model/pull": "Fetch a model; progress comes as notifications.",
    "daemon/stop": "Finish what runs, flush, and exit.",
}

ERROR_CODE = -32000
"""The JSON-RPC code of every lmem error; `data.code` names it. Protocol errors use JSON-RPC's own codes."""


LONGEST = 500
"""Characters of a name or a value in the hello."""
MOST_SETTINGS = 256


class Hello:
    """The first line of a client. `mode` is 'rpc' or 'mcp'; `cwd` is the client's working directory, '' for none.

    `project` and `session` are what the client's environment names (LMEM_PROJECT, LMEM_SESSION), '' for nothing;
    `settings` are its other variables of lmem, some of which are settings.
    Not a dataclass: that import alone costs a client more than everything else here.
    """

    __slots__ = ("client", "cwd", "mode", "pid", "project", "session", "settings", "version")

    def __init__(
        self,
        mode: str,
        version: str,
        cwd: str,
        client: str,
        pid: int,
        project: str = "",
        session: str = "",
        settings: dict[str, str] | None = None,
    ) -> None:
        self.mode, self.version, self.cwd, self.client, self.pid = mode, version, cwd, client, pid
        self.project, self.session, self.settings = project, session, settings or {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hello) and self.to_frame() == other.to_frame()

    def __hash__(self) -> int:
        return hash((self.client, self.pid))

    def to_frame(self) -> Frame:
        return {
            "lmem": PROTOCOL,
            "mode": self.mode,
            "version": self.version,
            "cwd": self.cwd,
            "client": self.client,
            "pid": self.pid,
            "project": self.project,
            "session": self.session,
            "settings": self.settings,
        }


def hello(client: str, mode: str = "rpc") -> Hello:
    """The hello of this process."""
    try:
        cwd = os.getcwd()
    except OSError:  # the directory was removed under us
        cwd = ""
    own = {name: os.environ[name] for name in os.environ if name.startswith("LMEM_")}
    project, session = own.pop("LMEM_PROJECT", ""), own.pop("LMEM_SESSION", "")
    settings = {name: value for name, value in own.items() if value.isascii() and len(value) <= LONGEST}
    return Hello(mode, __version__, cwd, client, os.getpid(), project, session, settings)


def parse_hello(frame: Frame) -> Hello:
    """A client's hello. Raises FrameError when it is not one, or when a name in it is no short text."""
    protocol, mode = frame.get("lmem"), frame.get("mode")
    if not isinstance(protocol, int) or mode not in ("rpc", "mcp"):
        raise FrameError('The first line must be a hello: {"lmem": 1, "mode": "rpc", ...}.')
    pid = frame.get("pid")
    return Hello(
        str(mode),
        _short(frame, "version", "unknown"),
        _directory(frame.get("cwd")),
        _short(frame, "client", "unknown"),
        pid if isinstance(pid, int) else 0,
        _name(frame, "project"),
        _name(frame, "session"),
        _settings(frame),
    )


def _directory(value: object) -> str:
    """Where a client says it is; '' (nowhere) for what is no absolute path, or a name that no file system here has."""
    if not isinstance(value, str) or not value.startswith("/"):
        return ""
    try:
        value.encode()
    except UnicodeEncodeError:
        return ""
    return "" if "\0" in value else value


def _short(frame: Frame, name: str, default: str) -> str:
    """A text that goes into the audit log and into `source_tool` as it is."""
    value = frame.get(name, default)
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= 64:
        raise FrameError(f"The hello's '{name}' must be a short text.", hint="Give 1 to 64 printable characters.")
    return value


def _name(frame: Frame, name: str) -> str:
    value = frame.get(name, "")
    if not isinstance(value, str) or len(value) > LONGEST:
        raise FrameError(f"The hello's '{name}' must be a name.", hint=f"Give at most {LONGEST} characters.")
    return value


def _settings(frame: Frame) -> dict[str, str]:
    found = frame.get("settings", {})
    if (
        not isinstance(found, dict)
        or len(found) > MOST_SETTINGS
        or not all(isinstance(value, str) and max(len(name), len(value)) <= LONGEST for name, value in found.items())
    ):
        raise FrameError("The hello's 'settings' must be variables and their values.", hint="Give short texts.")
    return found


def request(number: int, method: str, params: Frame) -> Frame:
    """A request frame."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def notification(method: str, params: Frame) -> Frame:
    """A frame that wants no answer; '$/progress' and '$/log' from the daemon, '$/cancel' from a client."""
    return {"jsonrpc": "2.0", "method": method, "params": params}


def answer(number: object, result: object) -> Frame:
    """A successful answer."""
    return {"jsonrpc": "2.0", "id": number, "result": result}


def failure(number: object, error: LmemError) -> Frame:
    """An answer that carries an error."""
    code = {"bad_frame": -32600, "unknown_method": -32601, "invalid_input": -32602}.get(error.code, ERROR_CODE)
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": error.message, "data": error.to_wire()}}


def result_of(frame: Frame) -> object:
    """The result in an answer; raises the LmemError it carries instead."""
    error = frame.get("error")
    if isinstance(error, dict):
        data = error.get("data")
        raise from_wire(str(error.get("message", "")), data if isinstance(data, dict) else {})
    if "result" not in frame:
        raise Internal("The daemon sent an answer without a result.")
    return frame["result"]
