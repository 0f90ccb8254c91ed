"""patterns add, list, show, outcome and forget: what is asked of the daemon, and what is said."""

from __future__ import annotations

import json

import pytest

from tests.unit.cli.fake_daemon import ID, OTHER, FakeDaemon, Params
from tests.unit.cli.terminal import Terminal

WHEN = "2026-01-02T03:04:05.678Z"
HERE: Params = {"project": "api", "usage_count": 4, "success_rate": 0.75, "last_used_at": WHEN}


def pattern(**changes: object) -> Params:
    """A pattern as the daemon sends it."""
    return {
        "id": ID, "type": "architecture", "name": "outbox", "description": "rows and events together",
        "usage_count": 5, "success_rate": 0.8, "projects": ["api", "web"], "created_at": WHEN, "updated_at": WHEN,
        "rev": 3, "here": HERE, **changes,
    }  # fmt: skip


def recorded(**changes: object) -> Params:
    return pattern(**{"created": False, "new_here": False, "changed": [], "near": None, **changes})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"created": True}, "Recorded 3f2a9c1d  architecture/outbox  (api)\n"),
        ({"new_here": True}, "Known already, now seen in api too: 3f2a9c1d  architecture/outbox\n"),
        ({"changed": ["data", "evidence"]}, "Known already, brought up to date (data, evidence): 3f2a9c1d"),
        ({}, "Known already: 3f2a9c1d  architecture/outbox; nothing was changed.\n"),
    ],
)
def test_add_says_what_it_did(daemon: FakeDaemon, lmem: Terminal, changes: Params, said: str) -> None:
    daemon.answers["pattern/add"] = lambda params: recorded(**changes)
    assert lmem.run("patterns", "add", "architecture", "outbox", "rows and events together").out.startswith(said)
    assert daemon.calls("pattern/add") == [
        {"type": "architecture", "name": "outbox", "description": "rows and events together"}
    ]


def test_evidence_and_data_are_handed_over(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["pattern/add"] = lambda params: recorded(created=True)
    done = lmem.run(
        "patterns", "add", "architecture", "outbox", "-", "--demonstrates", ID, "--validates", OTHER,
        "--outcome", "fast", "--contradicts", ID, "--reason", "slow", "--data", '{"tables": 2}', "--project", "api",
        stdin=b"from a pipe",
    )  # fmt: skip
    assert done.status == 0
    (sent,) = daemon.calls("pattern/add")
    assert sent["description"] == "from a pipe" and sent["data"] == {"tables": 2} and sent["project"] == "api"
    assert sent["evidence"] == [
        {"memory": ID, "kind": "demonstrates"},
        {"memory": OTHER, "kind": "validates", "outcome": "fast"},
        {"memory": ID, "kind": "contradicts", "reason": "slow"},
    ]


@pytest.mark.parametrize(
    "wrong", [("--outcome", "x"), ("--reason", "x"), ("--data", "nothing"), ("--data", "[1]"), ("--data", "{1")]
)
def test_what_does_not_go_together_is_refused(daemon: FakeDaemon, lmem: Terminal, wrong: tuple[str, str]) -> None:
    done = lmem.run("patterns", "add", "architecture", "outbox", *wrong)
    assert done.status == 2 and wrong[0] in done.err
    assert not daemon.asked


def test_one_that_says_the_same_is_named(daemon: FakeDaemon, lmem: Terminal) -> None:
    near = {"id": OTHER, "type": "messaging", "name": "relay", "cosine": 0.713}
    daemon.answers["pattern/add"] = lambda params: recorded(created=True, near=near)
    assert "Much like messaging/relay (71 %)." in lmem.run("patterns", "add", "architecture", "outbox", "x").err


def test_a_list_shows_what_counts_here(daemon: FakeDaemon, lmem: Terminal) -> None:
    rows = [pattern(), pattern(id=OTHER, name="twins", here=None)]
    daemon.answers["pattern/list"] = lambda params: {"patterns": rows, "scope": None}
    done = lmem.run("patterns", "list", "--type", "architecture", "--min-success", "0.5", "--like", "events", "-a")
    assert done.out.splitlines() == [
        "3f2a9c1d\tarchitecture\toutbox\t4\t75 %\tapi, web", "77b0c4de\tarchitecture\ttwins\t5\t80 %\tapi, web",
    ]  # fmt: skip
    assert daemon.calls("pattern/list") == [
        {"type": "architecture", "min_success": 0.5, "like": "events", "all_projects": True}
    ]
    lines = lmem.run("patterns", "list", "--json").out.splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["outbox", "twins"]


def test_an_empty_list_and_a_lost_index_are_said(daemon: FakeDaemon, lmem: Terminal) -> None:
    lost = [{"store": "vectors", "code": "store_unavailable", "reason": "It is down.", "hint": "Wait."}]
    daemon.answers["pattern/list"] = lambda params: {"patterns": [], "scope": None, "degraded": lost}
    done = lmem.run("patterns", "list", "--like", "x")
    assert (done.status, done.out) == (0, "")
    assert "Without the vectors: It is down. Wait." in done.err and "No pattern matches." in done.err


def test_show_tells_where_and_how_it_went(daemon: FakeDaemon, lmem: Terminal) -> None:
    seen = {**HERE, "description": "as the API does it", "data": {"tables": 2}, "memories": 1}
    evidence = {"memory_id": OTHER, "title": "No event lost", "kind": "validates", "outcome": "success", "reason": None}
    use = {"project": "api", "used_at": WHEN, "success": False, "reason": "two relays"}
    daemon.answers["pattern/show"] = lambda params: pattern(
        seen_in=[seen], evidence=[evidence], uses=[use], discovered_by="ada"
    )
    out = lmem.run("patterns", "show", "outbox").out
    for line in (
        "uses      5 uses, 80 % with success", "found by  ada", "rows and events together", "  as the API does it",
        '  {"tables": 2}', "77b0c4de  validates     No event lost  success", "2026-01-02  failed  api  two relays",
    ):  # fmt: skip
        assert line in out.splitlines(), line


def test_an_outcome_has_to_be_said(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["pattern/outcome"] = lambda params: recorded(changed=["uses"])
    assert lmem.run("patterns", "outcome", "outbox").status == 2
    done = lmem.run("patterns", "outcome", "outbox", "--failed", "--reason", "two relays", "--memory", OTHER)
    assert done.out == (
        "It failed in api: 3f2a9c1d  architecture/outbox, 4 uses, 75 % with success there, "
        "5 uses, 80 % with success in all\n"
    )
    assert daemon.calls("pattern/outcome") == [
        {"pattern": "outbox", "success": False, "reason": "two relays", "memory": OTHER}
    ]


def test_forgetting_asks_and_takes_yes(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["pattern/forget"] = lambda params: pattern(dry_run=False)
    assert "nothing was forgotten" in lmem.type("patterns", "forget", "outbox", typed="twins\n").out
    assert "architecture/outbox with 5 uses" in lmem.type("patterns", "forget", "outbox", typed="outbox\n").out
    assert daemon.calls("pattern/forget")[-1] == {"pattern": ID, "dry_run": False}
    daemon.asked.clear()
    refused = lmem.run("patterns", "forget", "outbox")
    assert refused.status == 2 and "no terminal" in refused.err
    assert daemon.calls("pattern/forget") == [{"pattern": "outbox", "dry_run": True}]
    done = lmem.run("patterns", "forget", "outbox", "--yes")
    assert done.out == "Forgot 3f2a9c1d  architecture/outbox with 5 uses, 80 % with success\n"
    assert daemon.calls("pattern/forget")[-1] == {"pattern": "outbox", "dry_run": False}
