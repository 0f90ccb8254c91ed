"""The contract of lmem.ports.embedder.Embedder, run on both engines.

Not the engines' own matters (files, sessions, threads): those are in tests/unit/stores/embedding.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from lmem.errors import InvalidInput, ModelMissing
from lmem.ports.embedder import Document, Embedder, ModelInfo
from lmem.stores.embedding.light import LightEmbedder
from lmem.stores.embedding.sentence import SentenceTransformerEmbedder

Make = Callable[[str, str], Embedder]
ENGINES: dict[str, Make] = {"light": LightEmbedder, "sentence-transformers": SentenceTransformerEmbedder}
TEXTS = [
    "The relay stores its progress after the target has confirmed.",
    "Bananas ripen faster in a paper bag.",
    "Redis was slow because every request opened a new connection.",
    "Fix the flaky test of the scheduler.",
    "A much longer note about the deployment of the billing service: " + "it failed, was rolled back, and " * 12,
]
# torch and its libraries warn on import about their own deprecations.
EXTRA = [pytest.mark.sentence_transformers, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module", params=["light", pytest.param("sentence-transformers", marks=EXTRA)])
def engine(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    if name == "sentence-transformers" and find_spec("sentence_transformers") is None:
        pytest.skip("the extra lmem[sentence-transformers] is not installed")
    return name


@pytest.fixture(scope="module")
def loaded(engine: str, model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Embedder, ModelInfo]:
    embedder = ENGINES[engine](str(model_dir), str(tmp_path_factory.mktemp("cache")))
    return embedder, embedder.load()


@pytest.fixture(scope="module")
def embedder(loaded: tuple[Embedder, ModelInfo]) -> Embedder:
    return loaded[0]


def dense(data: bytes) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.frombuffer(data, "<f4").astype(np.float32)


def terms(data: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(data) // 4}I", data))


def weights(data: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(data) // 4}f", data))


def cosine(one: bytes, other: bytes) -> float:
    return float(dense(one) @ dense(other))


def test_a_loaded_model_says_what_it_is(engine: str, loaded: tuple[Embedder, ModelInfo]) -> None:
    info = loaded[1]
    # The same weights, dimensions and pooling: one fingerprint, whatever runs them.
    assert info == ModelInfo("all-MiniLM-L6-v2", engine, 384, "38a6996f7038be00fdd0c664954c4623")


def test_vectors_are_of_norm_one_and_in_the_order_of_the_texts(embedder: Embedder) -> None:
    together = embedder.encode_documents([Document(text) for text in TEXTS], 10.0)
    for text, found in zip(TEXTS, together, strict=True):
        alone = embedder.encode_documents([Document(text)], 10.0)[0]
        assert np.linalg.norm(dense(found.dense)) == pytest.approx(1.0, abs=1e-5)
        assert cosine(found.dense, alone.dense) > 0.98  # int8 scales depend a little on the batch
        assert (found.terms, found.weights, found.tokens) == (alone.terms, alone.weights, alone.tokens)


def test_a_question_is_nearest_to_its_answer(embedder: Embedder) -> None:
    found = [encoding.dense for encoding in embedder.encode_documents([Document(text) for text in TEXTS], 10.0)]
    question = embedder.encode_query("why did the cache take so long?").dense
    near, itself = embedder.cosines([question, found[2]], found)
    assert max(range(len(TEXTS)), key=near.__getitem__) == 2
    assert near == pytest.approx([cosine(question, one) for one in found], abs=1e-6)
    assert itself[2] == pytest.approx(1.0, abs=1e-5)
    assert embedder.cosines([question], []) == [[]] and embedder.cosines([], found) == []


def test_a_text_is_represented_by_its_first_256_tokens(embedder: Embedder) -> None:
    head = " ".join(["migration"] * 254)
    one, other = embedder.encode_documents([Document(head), Document(head + " bananas" * 4000)], 10.0)
    assert one.tokens == other.tokens == 256
    assert cosine(one.dense, other.dense) > 0.999
    assert len(terms(other.terms)) == 2  # the sparse side has all words


def test_a_query_weighs_every_distinct_term_one(embedder: Embedder) -> None:
    found = embedder.encode_query("slow slow connection, connecting")
    assert weights(found.weights) == [1.0, 1.0]
    assert terms(found.terms) == sorted(set(terms(found.terms)))
    document = embedder.encode_documents([Document("slow connection")], 2.0)[0]
    assert terms(found.terms) == terms(document.terms)


def test_terms_alone_need_no_vector(embedder: Embedder) -> None:
    documents = [Document(TEXTS[0], (TEXTS[1],)), Document(TEXTS[2])]
    whole = embedder.encode_documents(documents, 12.0)
    bare = embedder.encode_documents(documents, 12.0, dense=False)
    assert [(e.terms, e.weights) for e in bare] == [(e.terms, e.weights) for e in whole]
    assert [(e.dense, e.tokens) for e in bare] == [(b"", 0), (b"", 0)]
    question = embedder.encode_query(TEXTS[0], dense=False)
    assert question == embedder.encode_query(TEXTS[0])._replace(dense=b"", tokens=0)


@pytest.mark.parametrize("text", ["", " \n", "\0", "lone \ud800 surrogate", "記憶", "e\u0301" * 3000])
def test_any_text_gets_a_finite_vector(embedder: Embedder, text: str) -> None:
    for found in (embedder.encode_query(text), *embedder.encode_documents([Document(text, (text,))], 10.0)):
        assert np.linalg.norm(dense(found.dense)) == pytest.approx(1.0, abs=1e-5)
        assert len(found.terms) == len(found.weights)


def test_no_documents_give_no_encodings(embedder: Embedder) -> None:
    assert embedder.encode_documents([], 10.0) == []


@pytest.mark.parametrize("length", [0.0, -1.0, float("nan"), float("inf")])
def test_a_mean_length_that_is_none_is_refused(embedder: Embedder, length: float) -> None:
    with pytest.raises(InvalidInput, match="positive"):
        embedder.encode_documents([Document("text")], length)


def test_before_load_there_are_terms_and_no_vectors(engine: str, tmp_path: Path) -> None:
    embedder = ENGINES[engine](str(tmp_path / "absent"), str(tmp_path / "cache"))
    assert embedder.encode_documents([Document("terms")], 1.0, dense=False)[0].terms
    assert embedder.encode_query("terms", dense=False).terms
    for act in (
        embedder.load,
        lambda: embedder.encode_query("text"),
        lambda: embedder.encode_documents([Document("text")], 1.0),
    ):
        with pytest.raises(ModelMissing):
            act()
