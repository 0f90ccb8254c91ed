"""Screening: what is caught of a corpus made for it, what is left alone, and what stays true of any text."""

from __future__ import annotations

from collections import Counter
from string import ascii_letters, ascii_uppercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.domain.secret_places import PLACES
from lmem.domain.secret_shapes import SHAPES, SHORTEST_WORD
from lmem.domain.secret_strength import TESTS, is_class_name
from lmem.domain.secrets import Finding, placeholder, screen, screen_value
from tests.unit.domain.secret_corpus import CLASSES, HARMLESS, Maker, corpus
from tests.unit.properties import PROPERTY

CAUGHT = 0.98


def test_nearly_all_of_the_corpus_is_caught() -> None:
    planted = list(corpus())
    missed = Counter(item.kind for item in planted if item.secret in screen(item.text).text)
    assert len(planted) >= 300
    assert len({item.kind for item in planted}) >= 25
    assert missed.total() <= (1 - CAUGHT) * len(planted), missed


def test_no_kind_is_missed_as_a_whole() -> None:
    left: dict[str, bool] = {}
    for item in corpus(7):
        left[item.kind] = left.get(item.kind, True) and item.secret in screen(item.text).text
    assert [kind for kind, always in left.items() if always] == []


def test_no_long_piece_of_a_credential_remains() -> None:
    """A piece of 12 characters, or of a sixth of a long one, would let the rest be guessed or looked up."""
    for item in corpus(11):
        text, piece = screen(item.text).text, max(12, len(item.secret) // 6)
        if item.secret in text or "://" in item.secret:  # counted above; of a URL the host stays
            continue
        pieces = (item.secret[at : at + piece] for at in range(len(item.secret) - piece + 1))
        assert not [found for found in pieces if found in text], (item.kind, text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_credential_stays(text: str) -> None:
    assert screen(text).text == text
    assert screen(text).findings == ()


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize(
    "text",
    [
        "Unsupported user and password combination {}", "the server's token handling raises {} now",
        "{} for passwords", "no password for the {} yet", "an error ({}) in the token code",
        "password checks moved\nfiles: the {} module",
    ],
)  # fmt: skip
def test_the_name_of_a_class_in_a_sentence_about_secrets_stays(text: str, name: str) -> None:
    assert screen(text.format(name)).findings == ()


@pytest.mark.parametrize("name", ["ThornSphinxWaltz", "BlackThornSchwarz"])
@pytest.mark.parametrize(
    "text",
    [
        "the password is {}", "password {}", "Password: {}", "token = {}", "the password was set to {}",
        'password "{}"', "{} is the password", "the password combination is {}", "the secret is: {}", "PASSWORD={}",
        "the password:\n  {}", "use {} (root password)", "Login with {} - the admin password", "password for root {}",
        "the password for the root user ({})", "my api token {}", "the new token {}", "secret of deploy {}",
    ],
)  # fmt: skip
def test_words_in_camel_case_that_are_said_to_be_the_secret_go(text: str, name: str) -> None:
    assert name not in screen(text.format(name)).text


@pytest.mark.parametrize(("alphabet", "size"), [(ascii_letters, 14), (ascii_letters, 20), (ascii_uppercase, 20)])
def test_a_random_value_reads_as_no_class(alphabet: str, size: int) -> None:
    make = Maker(3)
    values = [make.some(alphabet, size) for _ in range(3000)]
    assert sum(map(is_class_name, values)) < 0.005 * len(values)


def test_a_finding_says_where() -> None:
    found = screen(
        "first line\n  the token ghp_0123456789abcdefghijABCDEFGHIJ456789, then password: hunter2-and-more\n"
    )
    assert found.text == "first line\n  the token [redacted:github-token], then password: [redacted:password]\n"
    assert found.findings == (Finding("github-token", 2, 13), Finding("password", 2, 70))


def test_all_of_a_private_key_goes() -> None:
    key = Maker(1).pem("RSA PRIVATE KEY", 900)
    assert screen(f"a\n{key}\nb").text == f"a\n{placeholder('private-key')}\nb"
    cut = key[: len(key) // 2]
    assert screen(f"a\n{cut}").text == f"a\n{placeholder('private-key')}"


def test_a_url_keeps_all_but_its_password() -> None:
    assert screen("postgres://app:s3cr3t-Xy@db.internal:5432/app").text == (
        "postgres://app:[redacted:postgres-password]@db.internal:5432/app"
    )


def test_an_aws_secret_is_found_beside_its_key() -> None:
    text = "AKIAQ3EGRTBEZ5XWLK7M\nkeep: abcDEFGHIJ1234567890abcDEFGHIJ1234567890"
    assert [item.kind for item in screen(text).findings] == ["aws-access-key", "aws-secret-key"]


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("password", "hunter2-and-more", "password"),
        ("dbPassword", "correcthorsebattery", "password"),
        ("api_key", "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "api-key"),
        ("clientSecret", "aB3dE5fG7hJ9kL1mN3pQ", "secret"),
        ("note", "token: aB3dE5fG7hJ9kL1mN3pQ", "token"),
    ],
)
def test_a_name_gives_its_value_away(name: str, value: str, kind: str) -> None:
    assert [item.kind for item in screen_value(name, value).findings] == [kind]
    assert value.split()[-1] not in screen_value(name, value).text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("password", "<your password>"), ("password", "required"), ("password_hint", "the name of my cat 2"),
        ("token_count", "128000"), ("key_id", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"), ("api_key", "${API_KEY}"),
        ("commit", "0f1e2d3c4b5a69788796a5b4c3d2e1f01234abcd"), ("public_key", "aB3dE5fG7hJ9kL1mN3pQ"),
    ],
)  # fmt: skip
def test_a_name_gives_nothing_else_away(name: str, value: str) -> None:
    assert screen_value(name, value).findings == ()


PIECES = st.one_of(
    st.text(max_size=20),
    st.sampled_from([item.text for item in corpus(3)]),
    st.sampled_from(
        ["password", " is ", "=", ": ", "'", '"', "token", "\n", "-----BEGIN PRIVATE KEY-----", "://", "@"]
    ),
)


@PROPERTY
@given(st.lists(PIECES, max_size=6).map("".join))
def test_screening_again_changes_nothing(text: str) -> None:
    once = screen(text)
    assert screen(once.text).text == once.text
    assert once.findings or once.text == text


@PROPERTY
@given(st.text(max_size=60), st.sampled_from(list(corpus(5))))
def test_findings_are_in_the_text(before: str, planted: object) -> None:
    text = f"{before}\n{planted.text}"  # type: ignore[attr-defined]
    lines = text.split("\n")
    for item in screen(text).findings:
        assert 0 < item.line <= len(lines)
        assert 0 < item.column <= len(lines[item.line - 1]) + 1


def test_every_row_is_well_made() -> None:
    for row in (*SHAPES, *PLACES):
        assert row.test in TESTS
        assert row.hints == row.hints.lower()
        assert row.kind.replace("-", "").isalnum()
    assert SHORTEST_WORD <= 16


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "A1",
        "=",
        "eyJ",
        "password: ",
        "-----BEGIN RSA PRIVATE KEY-----\n",
        "x://a:",
        "token ",
        "key=",
        "0f",
        "1:",
        "\\n",
    ],
)
def test_no_text_makes_it_slow(piece: str) -> None:
    """Would take minutes if any pattern tried again and again; it must end."""
    text = piece * (60_000 // len(piece))
    found = screen(text)
    assert found.findings or found.text == text
