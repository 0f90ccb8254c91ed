"""Private memories: whatever another client than the user's own terminal asks or does, it never meets one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lmem.protocol.messages import METHODS
from tests.integration.product import Client, Json, Product, running

PRIVATE, ARCHIVED = "c0ffee01" + "0" * 24, "c0ffee02" + "0" * 24
HOURS, SESSION = "c0ffee04" + "0" * 24, "pay"
PUBLIC, OPEN, ONCE = "bead" + "0" * 28, "beef" + "0" * 28, "ace1" + "0" * 28
WORD = "periwinklez"
SECRETS = (PRIVATE, ARCHIVED, HOURS, "salary", WORD)
"""What no other client may read: ids, a word that public memories lack, a tag."""
READS: list[tuple[str, Json]] = [
    ("memory/list", {"limit": 100, "all_projects": True}),
    ("memory/list", {"limit": 100, "order": "created", "all_projects": True}),
    ("memory/list", {"private": True, "all_projects": True}),
    ("memory/list", {"archived": True, "all_projects": True}),
    ("memory/list", {"tag": WORD, "all_projects": True}),
    ("memory/search", {"query": "what is the salary of the team", "limit": 50, "explain": True, "all_projects": True}),
    ("memory/search", {"query": "salary team", "only": "fts", "limit": 50, "all_projects": True}),
    ("memory/search", {"query": "what does the team earn", "only": "sparse", "limit": 50, "all_projects": True}),
    ("memory/search", {"query": "what does the team earn", "only": "dense", "limit": 50, "all_projects": True}),
    ("memory/search", {"query": "team pay", "private": True, "limit": 50, "all_projects": True}),
    ("memory/search", {"query": "team pay", "archived": True, "limit": 50, "all_projects": True}),
    ("memory/search", {"query": '"team earns"', "limit": 50, "all_projects": True}),
    ("memory/search", {"query": "team", "tag": "nowhere", "limit": 50, "all_projects": True}),
    ("memory/tags", {"all_projects": True}),
    ("memory/export", {"all_projects": True}),
    ("memory/export", {"private": True, "all_projects": True}),
    ("memory/get", {"id": PUBLIC}),  # what resolved it is private
    ("memory/history", {"id": PUBLIC}),
    ("memory/history", {"id": ONCE}),  # it was private when it began
    ("session/show", {"id": SESSION}),
    ("session/end", {"id": SESSION, "dry_run": True}),
    ("session/list", {"project": "payroll"}),
    ("memory/timeline", {"all_projects": True}),
    ("memory/timeline", {"around": PUBLIC, "limit": 100, "all_projects": True}),
    ("change/list", {"limit": 100}),
    ("context/get", {"project": "payroll"}),
    ("pattern/show", {"pattern": "raise"}),
    ("pattern/list", {"all_projects": True}),
    ("pattern/list", {"all_projects": True, "like": "what the team earns"}),
    ("relation/related", {}),
    ("relation/related", {"id": PUBLIC}),
    ("relation/related", {"id": PUBLIC, "similar": True, "all_projects": True}),
    ("relation/related", {"id": PUBLIC, "type": ["same_context", "resolved_by"]}),
    ("graph/neighbours", {"node": PUBLIC, "depth": 3}),
    ("graph/neighbours", {"node": "project:payroll", "type": ["belongs_to"], "depth": 2}),
    ("graph/neighbours", {"node": "user:me", "type": ["created"], "limit": 1000}),
    ("graph/path", {"from": PUBLIC, "to": "pattern:raise"}),
    ("graph/communities", {}),
    ("graph/export", {"private": True}),
    ("graph/export", {}),
    ("graph/patterns", {"project": "payroll"}),
    ("graph/projects", {"pattern": "raise"}),
    ("layer/list", {}),
    ("layer/show", {"name": "project"}),
    ("layer/show", {"name": ONCE}),
    ("project/list", {}),
    ("project/names", {}),
    ("project/show", {"name": "payroll"}),
    ("user/show", {}),
    ("config/get", {"key": "memory_decay_enabled"}),
    ("config/list", {}),
    ("store/verify", {"stores": ["vectors"]}),
    ("store/repair", {"dry_run": True}),
    ("stats/get", {}),
    ("status/get", {}),
    ("status/doctor", {}),
]
TOUCHES: list[tuple[str, Json]] = [
    ("memory/get", {"id": PRIVATE}),
    ("memory/get", {"id": "c0ffee01"}),
    ("memory/get", {"id": "c0ffee"}),
    ("memory/history", {"id": PRIVATE}),
    ("memory/edit", {"id": PRIVATE, "changes": {"private": False}}),
    ("memory/edit", {"id": PRIVATE, "changes": {"content": "overwritten"}}),
    ("memory/forget", {"ids": [PRIVATE]}),
    ("memory/forget", {"ids": [PUBLIC, PRIVATE], "dry_run": True}),
    ("memory/forget", {"ids": [PRIVATE], "purge": True}),
    ("memory/forget", {"ids": [PRIVATE], "purge": True, "dry_run": True}),
    ("memory/restore", {"ids": [ARCHIVED]}),
    ("memory/done", {"id": PRIVATE}),
    ("memory/done", {"id": OPEN, "by": PRIVATE}),
    ("memory/diff", {"id": PRIVATE}),
    ("memory/timeline", {"around": PRIVATE}),
    ("memory/merge", {"ids": [PUBLIC, PRIVATE]}),
    ("layer/show", {"name": PRIVATE}),
    ("layer/move", {"id": PRIVATE, "layers": ["global"]}),
    ("memory/pin", {"ids": [PRIVATE]}),
    ("pattern/add", {"type": "pay", "name": "raise", "evidence": [{"memory": PRIVATE, "kind": "contradicts"}],
                     "project": "payroll"}),
    ("transaction/commit", {"transaction": PRIVATE}),
    ("transaction/rollback", {"transaction": PRIVATE}),
    ("pattern/outcome", {"pattern": "raise", "success": False, "memory": PRIVATE, "project": "payroll"}),
    ("memory/unpin", {"ids": [PUBLIC, PRIVATE]}),
    ("relation/link", {"from": PRIVATE, "to": PUBLIC}),
    ("relation/link", {"from": PUBLIC, "to": PRIVATE, "type": "supersedes"}),
    ("relation/link", {"from": PRIVATE, "project": "payroll"}),
    ("relation/unlink", {"from": PRIVATE, "to": PUBLIC}),
    ("relation/unlink", {"from": PRIVATE, "project": "payroll"}),
    ("relation/related", {"id": PRIVATE}),
    ("relation/related", {"id": PRIVATE, "similar": True}),
    ("graph/neighbours", {"node": PRIVATE}),
    ("graph/path", {"from": PUBLIC, "to": PRIVATE}),
    ("graph/path", {"from": f"memory:{PRIVATE}", "to": PUBLIC}),
    ("store/sync", {"id": PRIVATE}),
    ("session/focus", {"session": SESSION, "ids": [PRIVATE]}),
    ("session/unfocus", {"session": SESSION, "ids": [PUBLIC, PRIVATE]}),
]
NOTHING_TO_HIDE = {
    "session/list", "layer/list", "layer/show", "project/list", "project/show", "user/show", "config/get",
    "config/list", "status/get", "status/doctor", "store/verify", "store/repair",
    "pattern/list", "graph/patterns", "graph/projects", "project/names", "stats/get",
}  # fmt: skip
PLAIN: list[tuple[str, Json]] = [
    ("memory/history", {"id": PUBLIC}), ("graph/export", {}),
    ("relation/related", {"id": PUBLIC, "similar": True, "all_projects": True}),
    ("relation/related", {"id": PUBLIC, "type": ["same_context", "resolved_by"]}),
    *((method, params) for method, params in READS if method in NOTHING_TO_HIDE),
]  # fmt: skip
"""Reads above that show the user no private text either; what they count is looked at below."""
ELSEWHERE = {"memory/add", "memory/add_many", "memory/undo", "session/start", "session/switch", "session/resume"}
ELSEWHERE |= {"transaction/stage", "audit/list", "decay/run"}  # nothing has faded yet: test_service_decay.py
ELSEWHERE |= {"search/history"}  # whose own questions it tells: test_service_candidates.py
ELSEWHERE |= {f"backup/{verb}" for verb in ("create", "list", "verify", "restore")}  # test_product_backup.py
ELSEWHERE |= {"graph/cypher"}  # which sees no private memory, and answers no agent: test_product_graph.py
"""Tried by tests of their own."""
HARMLESS = {
    "status/wait", "model/list", "model/use", "model/pull", "daemon/stop", "jobs/list", "jobs/run", "jobs/history",
    "project/init", "project/set", "project/rename", "project/archive", "user/set", "config/set", "config/unset",
    "audit/verify", "project/merge", "hook/backfill", "store/rebuild", "pattern/forget", "transaction/begin",
}  # fmt: skip
"""Methods whose answers hold no memory."""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("private"), model_dir) as product:
        fill(product)
        yield product


def fill(product: Product) -> None:
    """Two private memories (one archived), a public task that one of them resolves, one that was private once."""
    text = f"The team earns a salary of {WORD}"
    private: Json = {"private": True, "tags": [WORD], "type": "task", "project": "payroll"}
    line = {"content": text, "id": PRIVATE, "source_id": "hr-1", "source_tool": "import.hr", **private}
    product.call("memory/add_many", items=[line])
    product.call("memory/add", content=f"An old salary {WORD} of the team", id=ARCHIVED, **private)
    product.call("memory/forget", ids=[ARCHIVED])
    hours = {"content": f"Hours and a salary {WORD}", "id": HOURS, **private, "session": SESSION, "type": "note"}
    product.call("memory/add_many", items=[hours])
    for made, text in ((PUBLIC, "Ask what the team thinks of its pay"), (OPEN, "Ask when pay day is")):
        product.call("memory/add", content=text, id=made, type="task")
    product.call("memory/done", id=PUBLIC, by=PRIVATE)
    product.call("memory/add", content=f"The salary is {WORD}", id=ONCE, **private)
    product.call("memory/edit", id=ONCE, reason=f"still {WORD}", changes={"summary": "a salary"})
    public = {"content": "The team is paid at the end of the month", "title": "Pay day", "private": False, "tags": [],
              "summary": "when"}  # fmt: skip
    product.call("memory/edit", id=ONCE, changes=public)
    product.call("memory/edit", id=ONCE, changes={"importance": 0.9})
    proof = {"memory": PRIVATE, "kind": "validates"}
    pay: Json = {"type": "pay", "name": "raise", "description": "Ask in spring", "project": "payroll"}
    product.call("pattern/add", **pay, evidence=[proof])
    product.call("status/wait", timeout=30)


def secrets_in(found: object) -> list[str]:
    text = json.dumps(found)
    return [word for word in SECRETS if word in text]


@pytest.fixture
def other(product: Product) -> Iterator[Client]:
    """A client that is not the user's own terminal."""
    with product.client("mcp") as client:
        yield client


def state(product: Product) -> list[Json]:
    """The private memories as the user sees them, without counters."""
    found = [product.call("memory/get", id=made) for made in (PRIVATE, ARCHIVED)]
    return [{key: value for key, value in memory.items() if key != "access_count"} for memory in found]


def test_every_method_is_thought_of() -> None:
    assert {method for method, _ in READS + TOUCHES} | ELSEWHERE | HARMLESS == METHODS.keys()


def test_the_user_meets_them_in_every_read(product: Product) -> None:
    """Else the tests below would prove nothing."""
    for method, params in READS:
        if "nowhere" not in str(params) and (method, params) not in PLAIN:
            assert secrets_in(product.call(method, **params)), (method, params)


def test_no_read_shows_one(other: Client) -> None:
    for method, params in READS:
        assert secrets_in(other.result(method, **params)) == [], (method, params)


def test_an_export_for_others_holds_what_others_may_read(product: Product, other: Client) -> None:
    whole, public = product.good("export"), product.good("export", "--no-private")
    assert whole.err.startswith("4 private memories are among them; --no-private ")
    assert public.err == "" and secrets_in(public.out) == [] and len(public.rows) < len(whole.rows)
    assert public.rows == other.result("memory/export", all_projects=True)["records"]
    both = product.run("export", "--private", "--no-private", "--json")
    assert (both.status, both.error["code"]) == (2, "invalid_input")


@pytest.mark.parametrize("name", ["MCP", "editor", "unknown", "cli ", "Cli", "cli/0.1.0"])
def test_only_the_terminal_by_its_exact_name_is_shown_one(product: Product, name: str) -> None:
    with product.client(name) as client:
        for method, params in READS[:2]:
            assert secrets_in(client.result(method, **params)) == []


def test_no_request_reaches_one(product: Product, other: Client) -> None:
    before = state(product)
    for method, params in TOUCHES:
        error = other.refusal(method, **params)
        assert error["code"] == "not_found", (method, params, error)
        assert "salary" not in json.dumps(error) and WORD not in json.dumps(error)
    assert state(product) == before


def test_a_prefix_is_unique_among_what_may_be_seen(product: Product, other: Client) -> None:
    made = product.call("memory/add", content="Public neighbour of a private id", id="c0ffee03" + "0" * 24)["id"]
    assert other.result("memory/get", id="c0ffee")["id"] == made
    product.call("memory/forget", ids=[made], purge=True)


def test_an_unknown_term_does_not_tell_of_one(other: Client) -> None:
    found = other.result("memory/search", query=f"{WORD} neverwrittenz", tag="nowhere")
    assert found["empty"]["unknown_terms"] == [WORD, "neverwrittenz"]


def test_adding_the_same_text_does_not_tell_of_one(product: Product, other: Client) -> None:
    text = f"The team earns a salary of {WORD}"
    added = other.result("memory/add", content=text, check_duplicates=True)
    assert added["created"] and added["near_duplicate"] is None and added["id"] != PRIVATE
    product.call("memory/forget", ids=[added["id"]], purge=True)


def test_its_id_or_source_id_cannot_be_taken(product: Product, other: Client) -> None:
    before = state(product)
    text = f"The team earns a salary of {WORD}"
    source = {"source_id": "hr-1", "source_tool": "import.hr", "project": "payroll"}
    for params in ({"content": text, "id": PRIVATE}, {"content": "other", "id": PRIVATE},
                   {"content": "other", **source}, {"content": text, **source}):  # fmt: skip
        error = other.refusal("memory/add", **params)
        assert error["code"] == "conflict" and secrets_in(error) in ([], [PRIVATE])
        rows = other.result("memory/add_many", items=[params])["results"]
        assert rows[0]["error"]["code"] == "conflict"
    assert state(product) == before


def test_a_transaction_of_its_own_reaches_none(product: Product, other: Client) -> None:
    before = state(product)
    for method, params in (
        ("memory/edit", {"id": PRIVATE, "changes": {"private": False}}), ("memory/forget", {"ids": [PRIVATE]}),
        ("memory/restore", {"ids": [ARCHIVED]}),
    ):  # fmt: skip
        number = other.result("transaction/begin")["transaction"]
        error = other.refusal("transaction/stage", transaction=number, method=method, params=params)
        assert error["code"] == "not_found"
        assert other.refusal("transaction/commit", transaction=number)["code"] == "conflict"
    number = other.result("transaction/begin")["transaction"]
    line: Json = {"content": "other", "id": PRIVATE}
    other.result("transaction/stage", transaction=number, method="memory/add", params=line)
    assert other.refusal("transaction/commit", transaction=number)["code"] == "conflict"
    assert state(product) == before


def test_undo_passes_over_one(product: Product, other: Client) -> None:
    product.call("memory/edit", id=PUBLIC, changes={"title": "A public title"})
    change = product.call("memory/edit", id=PRIVATE, changes={"importance": 0.1})["change_set"]
    both = product.call("memory/forget", ids=[PUBLIC, PRIVATE])["change_set"]
    before = state(product)
    for number in (change, both):
        assert other.refusal("memory/undo", change_set=number)["code"] == "not_found"
    assert state(product) == before
    product.call("memory/undo", change_set=both)
    product.call("memory/undo", change_set=change)
    product.call("memory/undo")


def test_undo_does_not_bring_back_the_text_of_a_private_time(product: Product, other: Client) -> None:
    made = product.call("memory/add", content=f"Private words {WORD}", private=True)["id"]
    changes = {"content": "Public words", "title": "Public", "private": False}
    number = product.call("memory/edit", id=made, changes=changes)["change_set"]
    assert other.refusal("memory/undo", change_set=number)["code"] == "not_found"
    frame = other.ask("memory/undo", {})
    assert secrets_in(frame) == [] and product.call("memory/get", id=made)["content"] == "Public words"
    product.call("memory/forget", ids=[made], purge=True)


def test_what_it_makes_private_is_gone_for_it(product: Product, other: Client) -> None:
    made = other.result("memory/add", content="A thought of an agent")["id"]
    other.result("memory/edit", id=made, changes={"private": True})
    assert other.refusal("memory/get", id=made)["code"] == "not_found"
    assert product.call("memory/get", id=made)["private"] is True
    product.call("memory/forget", ids=[made], purge=True)


def test_turning_a_session_tells_nothing_of_one(product: Product, other: Client) -> None:
    """What fades at the end and comes back is told to those who may read it."""
    line = {"content": f"Fewer hours {WORD}", "private": True, "project": "payroll", "session": SESSION}
    made = product.call("memory/add_many", items=[line])["results"][0]["id"]
    ended = other.result("session/end", id=SESSION)
    assert secrets_in(ended) == [] and made not in json.dumps(ended)
    assert product.call("memory/get", id=made)["layers"] == ["temporal"]
    resumed = other.result("session/resume", id=SESSION)
    assert secrets_in(resumed) == [] and resumed["returned"] == []
    assert product.call("memory/get", id=made)["layers"] == ["session"]
    begun = other.result("session/start", name="agent", parent=SESSION)
    assert secrets_in(begun) == []
    assert secrets_in(other.result("session/switch", id=SESSION)) == []


def test_no_difference_reaches_into_a_private_time(product: Product, other: Client) -> None:
    newest = len(product.call("memory/history", id=ONCE)["versions"])
    assert secrets_in(product.call("memory/diff", id=ONCE, **{"from": 1, "to": newest}))
    for first in range(1, newest):
        for last in range(first + 1, newest + 1):
            assert secrets_in(other.ask("memory/diff", {"id": ONCE, "from": first, "to": last})) == []


def test_one_is_not_even_counted(product: Product, other: Client) -> None:
    def counted(found: Json) -> int:
        return sum(int(layer["memories"]) for layer in found["layers"])

    assert counted(product.call("layer/list")) > counted(other.result("layer/list"))
    payroll = product.call("project/show", name="payroll")["memories"]
    assert payroll > other.result("project/show", name="payroll")["memories"]


def test_the_audit_log_is_the_users_own(other: Client) -> None:
    assert other.refusal("audit/list")["code"] == "forbidden"
