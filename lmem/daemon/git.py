"""Git itself, run so that a repository's own configuration can run nothing: no hook, pager, monitor, signer, transport.

Not on the path of any answer that people wait for: what git's files tell is read by lmem.daemon.gitfiles.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress

PATIENCE_S = 20.0
QUICK_S = 5.0
"""Seconds for what git reads from a few small files."""
MOST_BYTES = 1 << 20
MOST_OUTPUT = 64 << 20

_SAFE = (
    "core.fsmonitor=false", f"core.hooksPath={os.devnull}", "core.pager=cat", "core.sshCommand=false",
    "core.gitProxy=", f"core.attributesFile={os.devnull}", "protocol.allow=never", "diff.external=",
    "gpg.program=false", "log.showSignature=false", "credential.helper=",
)  # fmt: skip


async def first_commit(top: str) -> str | None:
    """The oldest commit without parents that HEAD comes from; None for a shallow clone, whose first is not the root."""
    if await answer(top, "rev-parse", "--is-shallow-repository", patience=QUICK_S) != "false":
        return None
    roots = await answer(top, "rev-list", "--max-parents=0", "HEAD")
    return roots.split()[-1] if roots else None


async def default_branch(top: str) -> str | None:
    """The default branch of 'origin', as the clone noted it, else 'main' or 'master' where origin has it."""
    noted = await answer(top, "symbolic-ref", "-q", "--short", "refs/remotes/origin/HEAD", patience=QUICK_S)
    if not noted:
        known = ("refs/remotes/origin/main", "refs/remotes/origin/master")
        noted = await answer(top, "for-each-ref", "--format=%(refname:short)", *known, patience=QUICK_S)
    return noted.split()[0].removeprefix("origin/") if noted else None


async def answer(top: str, *arguments: str, patience: float | None = None) -> str | None:
    """What git says, stripped; None when it fails, is not there, or takes longer than `PATIENCE_S`, else `patience`."""
    said = await output(top, *arguments, patience=PATIENCE_S if patience is None else patience)
    return None if said is None else said[:MOST_BYTES].decode(errors="replace").strip()


async def output(
    top: str, *arguments: str, stdin: bytes = b"", patience: float = PATIENCE_S, most: int = MOST_OUTPUT
) -> bytes | None:
    """What git says to what it is given; None when it fails, is not there, takes longer or says more than `most`."""
    options = [word for setting in _SAFE for word in ("-c", setting)]
    try:
        process = await asyncio.create_subprocess_exec(
            "git", "-C", top, "--no-pager", *options, *arguments, env=_environment(), start_new_session=True,
            stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:  # no git on this machine, or the directory is gone
        return None
    try:
        async with asyncio.timeout(patience):
            said, _ = await asyncio.gather(_read(process, most), _feed(process, stdin))
            await process.wait()
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):  # it ended meanwhile
                os.killpg(process.pid, signal.SIGKILL)
            assert process.stdout is not None
            await process.stdout.read()  # what is left: a full pipe is never seen to close
            await process.wait()
    return said if process.returncode == 0 else None


async def _read(process: asyncio.subprocess.Process, most: int) -> bytes:
    """All that git says. Raises TimeoutError when that is more than `most` bytes: nobody waits for the end of it."""
    assert process.stdout is not None
    parts, size = [], 0
    while part := await process.stdout.read(1 << 16):
        parts.append(part)
        size += len(part)
        if size > most:
            raise TimeoutError
    return b"".join(parts)


async def _feed(process: asyncio.subprocess.Process, stdin: bytes) -> None:
    if process.stdin is None:
        return
    with suppress(BrokenPipeError, ConnectionResetError):  # it ended without reading all of it
        process.stdin.write(stdin)
        await process.stdin.drain()
        process.stdin.close()
        await process.stdin.wait_closed()


def _environment() -> dict[str, str]:
    """Git sees neither the user's settings nor this process's, and asks nobody anything."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_REPLACE_OBJECTS": "1",
    }
