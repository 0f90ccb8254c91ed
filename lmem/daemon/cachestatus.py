"""What status and doctor say of the cache: its engine, where it is, and why it does not answer.

Not its hit rates (lmem.daemon.handlers.stats).
"""

from __future__ import annotations

from lmem.daemon.findings import Finding
from lmem.domain.nouns import count
from lmem.service.caches import Caches


async def state(caches: Caches) -> dict[str, object]:
    """The state of the store as `lmem status` shows it; a server that is down is not asked."""
    store = caches.store
    if store is None:
        return {"state": "ready", "engine": "none"}
    facts, trouble = await store.facts(), caches.trouble
    found: dict[str, object] = {"state": facts.state, "engine": facts.engine}
    if facts.address is not None:
        found["url"] = facts.address
    if facts.version is not None:
        found["version"] = facts.version
    if facts.wiped:
        found["wiped"] = facts.wiped
    if facts.state == "down" and trouble is not None:
        found |= {"reason": trouble.message, "hint": trouble.hint}
    if facts.in_the_clear:
        found["in_the_clear"] = True
    return found


async def finding(caches: Caches) -> Finding:
    """How the cache is; losing it only costs time."""
    found = await state(caches)
    if found["state"] == "down":
        reason, hint = found.get("reason", "The cache does not answer."), found.get("hint", "Answers take longer.")
        return Finding("cache", "warn", str(reason), str(hint))
    if "in_the_clear" in found:
        message = f"The password of Redis at {found['url']} crosses the network unencrypted."
        return Finding("cache", "warn", message, "Set redis.url to rediss://.")
    where = f"Redis at {found['url']}" if "url" in found else "The daemon itself"
    wiped = found.get("wiped")
    emptied = f" It was emptied behind lmem's back ({count(wiped, 'time')})." if isinstance(wiped, int) else ""
    return Finding("cache", "ok", f"{where} keeps the cache.{emptied}")
