"""link, unlink and related: what is asked of the daemon, and what is said."""

from __future__ import annotations

import pytest

from tests.unit.cli.fake_daemon import ID, OTHER, FakeDaemon, Params
from tests.unit.cli.terminal import Terminal


def relation(**changes: object) -> Params:
    """A relation with both of its ends, as the daemon sends it."""
    return {
        "id": "a" * 32, "type": "relates_to", "from": {"id": ID, "title": "We chose WAL"},
        "to": {"id": OTHER, "title": "Readers never wait"}, "strength": 0.8, "context": None, "properties": {},
        "detected": False, "derived": False, "created_at": "2026-01-02T03:04:05.678Z", **changes,
    }  # fmt: skip


def seen(**changes: object) -> Params:
    """A relation as one end sees it."""
    own: Params = {"type": "resolved_by", "direction": "in", "id": OTHER, "title": "Readers never wait"}
    found = relation(**{**own, **changes})
    return {name: value for name, value in found.items() if name not in ("from", "to")}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"created": True, "change_set": 7},
         "Linked 3f2a9c1d We chose WAL relates_to 77b0c4de Readers never wait  (0.8)\n"),
        ({"created": False, "change_set": 8}, "Changed 3f2a9c1d We chose WAL relates_to"),
        ({"created": False, "change_set": None}, "Linked already: 3f2a9c1d We chose WAL"),
    ],
)  # fmt: skip
def test_link_says_what_it_did(daemon: FakeDaemon, lmem: Terminal, changes: Params, said: str) -> None:
    daemon.answers["relation/link"] = lambda params: relation(**changes, redacted=[])
    done = lmem.run("link", ID, OTHER)
    assert done.out.startswith(said)
    assert (f"'lmem undo {changes['change_set']}'" in done.err) is bool(changes["change_set"])
    assert daemon.calls("relation/link") == [{"from": ID, "to": OTHER}]


def test_what_is_given_is_handed_over(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["relation/link"] = lambda params: relation(created=True, change_set=1, redacted=[])
    lmem.run(
        "link", ID, OTHER, "--type", "builds_on", "--strength", "0", "--context", "both", "--property", "sequence=2",
        "--property", "note=a=b", "--reason", "why",
    )  # fmt: skip
    (sent,) = daemon.calls("relation/link")
    assert sent == {
        "from": ID, "to": OTHER, "type": "builds_on", "strength": 0.0, "context": "both", "reason": "why",
        "properties": {"sequence": "2", "note": "a=b"},
    }  # fmt: skip


def test_a_project_is_linked_and_unlinked(daemon: FakeDaemon, lmem: Terminal) -> None:
    applied = {
        "type": "applies_to", "from": {"id": ID, "title": "We chose WAL"}, "project": {"id": "p", "name": "web"},
        "relevance": 0.9, "created": True,
    }  # fmt: skip
    daemon.answers["relation/link"] = lambda params: {**applied, "change_set": 3, "redacted": []}
    done = lmem.run("link", ID, "--project", "web", "--relevance", "0.9")
    assert done.out == "Linked 3f2a9c1d We chose WAL applies to web (0.9)\n"
    assert daemon.calls("relation/link") == [{"from": ID, "project": "web", "relevance": 0.9}]
    daemon.answers["relation/unlink"] = lambda params: {"removed": [], "applied": applied, "change_set": 4}
    assert lmem.run("unlink", ID, "--project", "web").out == "Unlinked 3f2a9c1d We chose WAL from web\n"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("link", ID, OTHER, "--relevance", "0.5"), "--relevance goes with --project, not with a second memory."),
        (("link", ID, "--project", "web", "--strength", "0"), "--strength goes with a second memory, not with"),
        (("link", ID, "--project", "web", "--type", "resolves"), "--type goes with a second memory, not with"),
        (("link", ID, "--project", "web", "--property", "a=b"), "--property goes with a second memory, not with"),
        (("unlink", ID, "--project", "web", "--type", "resolves"), "--type goes with a second memory, not with"),
    ],
)
def test_options_of_the_other_kind_of_link_are_named_as_they_were_given(
    daemon: FakeDaemon, lmem: Terminal, argv: tuple[str, ...], said: str
) -> None:
    done = lmem.run(*argv)
    assert done.status == 2 and said in done.err
    assert not daemon.calls("relation/link") and not daemon.calls("relation/unlink")


def test_unlink_names_each_link(daemon: FakeDaemon, lmem: Terminal) -> None:
    both = [relation(), relation(type="contradicts")]
    daemon.answers["relation/unlink"] = lambda params: {"removed": both, "applied": None, "change_set": 4}
    done = lmem.run("unlink", ID, OTHER, "--type", "contradicts", "--reason", "wrong")
    assert done.out.splitlines()[1] == "Unlinked 3f2a9c1d We chose WAL contradicts 77b0c4de Readers never wait"
    assert daemon.calls("relation/unlink") == [{"from": ID, "to": OTHER, "type": "contradicts", "reason": "wrong"}]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("link", ID), "Give a second memory, or a project."),
        (("unlink", ID), "Give a second memory, or a project."),
        (("link", ID, OTHER, "--project", "web"), "not both"),
        (("link", ID, OTHER, "--property", "sequence"), "is not NAME=VALUE"),
        (("link", ID, OTHER, "--property", "=2"), "is not NAME=VALUE"),
        (("related", "--similar"), "needs a memory"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    daemon: FakeDaemon, lmem: Terminal, words: tuple[str, ...], said: str
) -> None:
    done = lmem.run(*words)
    assert done.status == 2 and said in done.err
    assert not daemon.asked


def test_related_shows_links_and_projects(daemon: FakeDaemon, lmem: Terminal) -> None:
    relations = [seen(context="the relay", properties={"resolution_date": "2026-01-02"}), seen(detected=True)]
    daemon.answers["relation/related"] = lambda params: {
        "memory": {"id": ID, "title": "We chose WAL"}, "relations": relations,
        "projects": [{"id": "p", "name": "web", "relevance": 0.5}],
    }  # fmt: skip
    assert lmem.run("related", ID, "--type", "resolves", "--detected").out.splitlines() == [
        "resolved_by\t77b0c4de\t0.8\tReaders never wait\tresolution_date 2026-01-02, the relay",
        "resolved_by\t77b0c4de\t0.8\tReaders never wait\tdetected",
        "applies_to\tproject\t0.5\tweb\t",
    ]
    assert daemon.calls("relation/related") == [{"id": ID, "type": ["resolves"], "detected": True}]
    shown = lmem.type("related", ID)
    assert "Relation" in shown.out and "Strength" in shown.out and "resolved_by" in shown.out


def test_related_without_a_memory_lists_the_strongest(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["relation/related"] = lambda params: {"relations": [relation()]}
    assert lmem.run("related").out == "0.8\t3f2a9c1d\tWe chose WAL\trelates_to\t77b0c4de\tReaders never wait\n"
    daemon.answers["relation/related"] = lambda params: {"relations": []}
    assert "No memory is linked yet" in lmem.run("related").err


def test_similar_memories_are_listed_with_their_nearness(daemon: FakeDaemon, lmem: Terminal) -> None:
    item = {"id": OTHER, "title": "Readers never wait", "type": "note", "project": None, "cosine": 0.8312}
    answer: Params = {"memory": {"id": ID, "title": "x"}, "similar": [item], "threshold": 0.7}
    daemon.answers["relation/related"] = lambda params: answer
    done = lmem.run("related", ID, "--similar", "-a", "--limit", "3")
    assert done.out == "0.83\t77b0c4de\tnote\t-\tReaders never wait\n"
    assert daemon.calls("relation/related") == [{"id": ID, "similar": True, "all_projects": True, "limit": 3}]
    answer["similar"] = []
    assert "as near in meaning as 0.7" in lmem.run("related", ID, "--similar").err


def test_nothing_linked_says_what_to_try(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["relation/related"] = lambda params: {
        "memory": {"id": ID, "title": "x"}, "relations": [], "projects": []
    }  # fmt: skip
    done = lmem.run("related", ID)
    assert (done.out, done.status) == ("", 0)
    assert "'lmem related 3f2a9c1d --similar'" in done.err


def test_scripts_get_json(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["relation/link"] = lambda params: relation(created=True, change_set=1, redacted=[])
    assert lmem.run("link", ID, OTHER, "--json").json()["change_set"] == 1
    daemon.answers["relation/related"] = lambda params: {"relations": [relation()]}
    assert lmem.run("related", "--json").json()["relations"][0]["strength"] == 0.8
