"""What full text knows of a question, beside the vectors.

Not a ranking; it collects evidence by id (lmem.domain.ranking weighs it).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from lmem.domain.filters import Filter
from lmem.domain.memories import Memory
from lmem.domain.query import Question, all_of, any_of, share_of_pairs, words_of
from lmem.domain.ranking import Evidence
from lmem.ports.storage import UnitOfWork
from lmem.ports.tables import Hit

HITS = 100
REQUIRED = 1000
"""Memories that may meet a quotation; more are not looked at."""


def add_fulltext(
    tx: UnitOfWork, question: Question, wanted: Filter, known: dict[str, Evidence], everything: bool
) -> set[str] | None:
    """Add to `known` what full text finds: all of it with `everything`, else what the vectors cannot know.

    That is rows which wait for the relay, quoted phrases and prefixes, text without spaces, symbols, identifiers as
    written. Answers the memories that meet everything quoted when a question is nothing but quotations, else None.
    """
    hits: list[Hit] = []
    quoted: list[Hit] = []
    if question.phrases or question.prefixes:
        most = REQUIRED if question.is_literal else HITS
        quoted = tx.fulltext.match(all_of(question.phrases, question.prefixes), wanted, most)
    if everything:
        hits += tx.fulltext.match(any_of((*question.words, *question.phrases), question.prefixes), wanted, HITS)
    else:
        hits += tx.fulltext.pending(any_of(question.words, question.prefixes), wanted, HITS)
        hits += quoted[:HITS]
    if question.is_symbols and question.text:
        hits += tx.fulltext.containing(question.text, wanted, HITS)
    texts = tx.memories.visible([memory_id for memory_id, _ in hits if memory_id not in known], wanted)
    for memory_id, score in hits:
        memory = texts.get(memory_id)
        if memory_id not in known and memory is not None:
            # With nothing else to compare with, BM25 alone is the better order (.77 against .74 recall@10, measured).
            coverage = 1.0 if everything else _coverage(memory, question)
            known[memory_id] = Evidence(memory_id, fulltext=(score, coverage))
    for memory, share in _literal(tx, question, wanted):
        found = known.get(memory.id) or Evidence(memory.id, fulltext=(0.0, _coverage(memory, question)))
        known[memory.id] = found._replace(literal=share)
    must = question.is_literal and (question.phrases or question.prefixes)
    return {memory_id for memory_id, _ in quoted} if must else None


def _literal(tx: UnitOfWork, question: Question, wanted: Filter) -> list[tuple[Memory, float]]:
    """Memories with the share of the question's literal parts that each holds exactly as written."""
    found: dict[str, Memory] = {}
    held: defaultdict[str, float] = defaultdict(float)
    for part in question.literal:
        for memory in _rows(tx, tx.fulltext.match(any_of([part]), wanted, HITS), wanted):
            if part.lower() in _text(memory).lower():
                found[memory.id] = memory
                held[memory.id] += 1
    if question.unspaced:
        for memory in _rows(tx, tx.fulltext.unspaced(question.unspaced, wanted, HITS), wanted):
            found[memory.id] = memory
            held[memory.id] += share_of_pairs(question.unspaced, _text(memory))
    parts = len(question.literal) + bool(question.unspaced)
    return [(memory, held[memory.id] / parts) for memory in found.values()]


def _rows(tx: UnitOfWork, hits: Sequence[Hit], wanted: Filter) -> Iterable[Memory]:
    return tx.memories.visible([memory_id for memory_id, _ in hits], wanted).values()


def _text(memory: Memory) -> str:
    return f"{memory.title}\n{memory.content}\n{memory.summary or ''}"


def _coverage(memory: Memory, question: Question) -> float:
    if not question.words:
        return 1.0
    held = {word[:5] for word in words_of(f"{memory.title} {memory.content}")}
    return sum(word[:5] in held for word in question.words) / len(question.words)
