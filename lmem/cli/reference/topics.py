"""The man pages made from tables: lmem-config(5) from SETTINGS, lmem-protocol(7) from METHODS and ERRORS.

Not lmem-layers(7) and lmem-design(7): those are written by hand, in man/.
"""

from __future__ import annotations

from lmem.cli.reference import facts, roff
from lmem.errors import ERRORS
from lmem.protocol.framing import MAX_FRAME
from lmem.protocol.messages import ERROR_CODE, METHODS, PROTOCOL
from lmem.settings import SETTINGS


def pages() -> dict[str, str]:
    """File name to text."""
    return {"lmem-config.5": _config(), "lmem-protocol.7": _protocol()}


def _config() -> str:
    text = (
        "A setting comes from the first that has it: an option of the command, the environment, the project's file "
        "(.lmem.toml at the top of its working tree), the project ('lmem config set --level project'), your "
        "preferences ('--level preferences'), config.toml, system_config ('--level system'), the default below. "
        "'lmem config get KEY --show-origin' prints what each says. A name in config.toml that is not known, or a "
        "value of another type, is an error, not a guess.",
        "Both files are TOML; the part of a key before the last dot is the table. 'lmem config set' changes one line "
        "and leaves the comments and the order of the others. It refuses an address that its store could not use, or "
        "that holds a user, a password or a key: those come from the settings and variables beside it. In one that was "
        "written by hand they are not printed.",
        "Settings marked 'at start' are read from the environment and config.toml when the daemon starts; the others "
        "are in force at once, and may differ from call to call. A project's file may have been written by others "
        "than you, so it sets only what is marked 'project file'; what else it says is without effect, and 'lmem "
        "config list' tells so.",
    )
    return "".join(
        [
            roff.header("lmem-config", 5),
            roff.section("NAME", "lmem\\-config \\- settings of lmem\n"),
            roff.section("DESCRIPTION", roff.paragraphs(text)),
            roff.section("SETTINGS", roff.items((roff.bold(key), about) for key, _, about in facts.settings())),
            roff.section("ENVIRONMENT", roff.items((roff.bold(name), about) for name, about in facts.ENVIRONMENT)),
            roff.section("FILES", roff.items((roff.italic(path), about) for path, about in facts.FILES)),
            roff.section("EXAMPLES", _toml()),
            roff.section("SEE ALSO", roff.see([("lmem", 1), ("lmem-layers", 7), ("lmem-protocol", 7)])),
        ]
    )


def _toml() -> str:
    """A config.toml with one table at its defaults."""
    first = SETTINGS[0].key.partition(".")[0]
    lines = [f"[{first}]"]
    for setting in SETTINGS:
        table, _, name = setting.key.partition(".")
        if table == first:
            value = f'"{setting.default}"' if isinstance(setting.default, str) else str(setting.default).lower()
            lines.append(f"{name} = {value}")
    return ".nf\n" + "".join(f"{roff.escape(line)}\n" for line in lines) + ".fi\n"


WIRE = (
    "lmem's daemon listens on a Unix socket that only its owner may use; there is no TCP port. 'lmem status' prints "
    "its path. Both sides send one JSON object a line, in UTF-8.",
    "The first line of a client is its hello: an object with lmem (the protocol's number), mode ('rpc' or 'mcp'), "
    "version, cwd, client and pid. The daemon answers with its own: lmem, version, instance, pid and what is ready. "
    "A daemon that does not say hello within two seconds is at fault.",
    "client and version have 1 to 64 printable characters. Only the client named cli, the user's own terminal, is "
    "shown private memories; every other client is answered as if they did not exist.",
    "In mode rpc, JSON-RPC 2.0 follows: requests with an id, a method and params by name. Answers may come in another "
    "order than the requests. A notification '$/progress' (token, done, total, what) may come before an answer; "
    "closing the socket cancels what runs.",
    "In mode mcp, the lines after the daemon's hello are a stdio session of the Model Context Protocol; a line that is "
    "no message of JSON-RPC is answered with an error whose id is null. client counts as 'mcp' there.",
    "Fields are only ever added, so a reader must leave alone what it does not know. In params an id may be cut to a "
    "prefix that is unique, of at least 4 characters; answers show all 32.",
    "Credentials in texts are replaced by '[redacted:KIND]' before anything is stored, and the answer's redacted lists "
    "each with kind, field, line and column. With allow_secret true, 'memory/add', 'memory/edit' and the items of "
    "'memory/add_many' keep them; kept_secrets lists those, and the audit log gets an entry.",
    "Lists and searches give texts whole up to 3 MiB of an answer. Beyond that a record has truncated true, the "
    "beginning of its content, content_length (characters of all of it), and neither a long context nor a long git; "
    "'memory/get' gives it whole. A list that has fewer rows than its limit for that reason says next_offset. "
    "'memory/export' never cuts: its pages end earlier, and a record whose versions did not fit has versions_next, "
    "which 'memory/history' takes as after; that one's own next is the same.",
    "Several 'memory/add_many' with the same run, an id of 32 lower-case hex digits that the client makes, are one "
    "change set; another one begins after 10,000 lines, and when the user has changed something else meanwhile.",
    "Requests can wait in a transaction: 'transaction/begin' answers its id and limits, 'transaction/stage' takes the "
    "method and params of a request that is checked at once and applied later, 'transaction/commit' applies all as one "
    "change set or, with an error that names the request or line, none. After a request that was refused there is no "
    "commit. A transaction belongs to the process that began it, and ends when it is idle or the daemon stops.",
    "A request that may have taken effect is sent again only if that is safe: 'memory/add' takes an 'id' made by the "
    "client, and the same id twice is one memory.",
)


def _protocol() -> str:
    errors = (
        (roff.bold(error.code), f"{error().message} {error.default_hint} Exit status {error.exit_status}.")
        for error in ERRORS.values()
    )
    limits = (
        (roff.bold("Protocol"), f"This page describes number {PROTOCOL}."),
        (roff.bold("Line"), f"At most {MAX_FRAME} bytes, with its end; a longer one is answered with bad_frame."),
    )
    shape = (
        f"An error is a JSON-RPC error object. Its code is {ERROR_CODE}, or JSON-RPC's own for frames, methods and "
        "params; its message is a sentence; its data holds code (a name below), hint (the next safe step) and "
        "retryable. The command line prints message and hint, with --json as an object on standard error, and exits "
        "with the status named here.",
    )
    return "".join(
        [
            roff.header("lmem-protocol", 7),
            roff.section("NAME", "lmem\\-protocol \\- how programs talk to the lmem daemon\n"),
            roff.section("DESCRIPTION", roff.paragraphs(WIRE)),
            roff.section("LIMITS", roff.items(limits)),
            roff.section("METHODS", roff.items((roff.bold(name), about) for name, about in METHODS.items())),
            roff.section("ERRORS", roff.paragraphs(shape) + roff.items(errors)),
            roff.section("SEE ALSO", roff.see([("lmem", 1), ("lmem-config", 5), ("lmem-design", 7)])),
        ]
    )
