"""init and model: get, list and select the embedding model.

Not the fetching; the daemon does that, and tells how far it is.
"""

from __future__ import annotations

from lmem.cli import output
from lmem.cli.link import ask, given
from lmem.cli.progress import Progress
from lmem.cli.tables import print_rows
from lmem.client import autostart
from lmem.paths import paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmem.cli.link import Answer


SERVERS = {
    "qdrant.url": "http://127.0.0.1:6333",
    "neo4j.url": "bolt://127.0.0.1:7687",
    "redis.url": "redis://127.0.0.1:6379/0",
}
"""Where docker-compose.yml puts the three servers."""


def init(*, servers: bool, as_json: bool) -> int:
    """lmem init."""
    pulled = _pull(None, as_json)
    if servers:
        for key, url in SERVERS.items():
            ask("config/set", {"key": key, "value": url})
        autostart.restart(paths(), force=False)  # they are in force from the next start on
    if as_json:
        output.answer_json({**pulled, "next": "lmem add", **({"servers": SERVERS} if servers else {})})
        return 0
    _say_pulled(pulled)
    if servers:
        output.line(f"Vectors, graph and cache are kept by {', '.join(SERVERS.values())} from now on.")
        output.line("Files with their secrets are named by qdrant.api_key_file, neo4j.password_file and")
        output.line("redis.password_file; 'lmem doctor' shows whether the servers answer.")
    output.line("lmem is ready. Next:")
    output.line('  lmem add "we chose SQLite because it needs no server" --type decision')
    output.line("  lmem search which database do we use")
    output.line("  lmem completions install")
    return 0


def pull(*, name: str | None, as_json: bool) -> int:
    """lmem model pull."""
    pulled = _pull(name, as_json)
    output.answer_json(pulled) if as_json else _say_pulled(pulled)
    return 0


def _pull(name: str | None, as_json: bool) -> Answer:
    with Progress("Getting the model", bytes_=True, as_json=as_json) as bar:
        return ask("model/pull", given({"name": name}), on_progress=bar.on_notification, idempotent=True)


def _say_pulled(pulled: Answer) -> None:
    output.line(f"Model {pulled['name']} from {output.stored(pulled['source'])}, checksum verified.")
    output.line(output.paint(output.stored(pulled["path"]), "dim"))


def list_models(*, as_json: bool) -> int:
    """lmem model list."""
    found = ask("model/list", idempotent=True)
    if as_json:
        output.answer_json(found)
        return 0
    rows = [
        ("*" if m["active"] else "", m["name"], str(m["dimensions"]), "here" if m["present"] else "not here",
         output.stored(m.get("path") or m.get("source") or ""))
        for m in found["models"]
    ]  # fmt: skip
    print_rows(("", "Model", "Dimensions", "State", "Place"), rows, numbers=(2,))
    output.note(output.paint(f"Engine: {found['engine']}", "dim"))
    return 0


def use(*, name: str, engine: str | None, as_json: bool) -> int:
    """lmem model use."""
    used = ask("model/use", {"name": name, **given({"engine": engine})})
    if as_json:
        output.answer_json(used)
    else:
        output.line(f"In use: {used['name']} by the {used['engine']} engine ({str(used['fingerprint'])[:12]}).")
    return 0
