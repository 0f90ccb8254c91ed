"""What full text knows of a question, beside the vectors.

Not a ranking; it collects evidence by id (lmem.domain.ranking weighs it).
"""

from __future__ import annotations

from dataclasses import replace

from lmem.domain.filters import Filter
from lmem.domain.memories import Memory
from lmem.domain.query import Question, all_of, any_of, words_of
from lmem.domain.ranking import Evidence
from lmem.ports.storage import Hit, UnitOfWork

HITS = 100


def add_fulltext(
    tx: UnitOfWork, question: Question, wanted: Filter, known: dict[str, Evidence], everything: bool
) -> None:
    """Add to `known` what full text finds: all of it with `everything`, else what the vectors cannot know.

    That is rows which wait for the relay, quoted phrases and prefixes, text without spaces, symbols, identifiers as
    written.
    """
    hits: list[Hit] = []
    if everything:
        hits += tx.fulltext.match(any_of((*question.words, *question.phrases), question.prefixes), wanted, HITS)
    else:
        hits += tx.fulltext.pending(any_of(question.words, question.prefixes), HITS)
        if question.phrases or question.prefixes:
            hits += tx.fulltext.match(all_of(question.phrases, question.prefixes), wanted, HITS)
    if question.unspaced:
        hits += tx.fulltext.unspaced(question.unspaced, wanted, HITS)
    if question.is_symbols and question.text:
        hits += tx.fulltext.containing(question.text, wanted, HITS)
    literal = _literal(tx, question, wanted)
    texts = tx.memories.visible([memory_id for memory_id, _ in hits if memory_id not in known], wanted)
    for memory_id, score in hits:
        memory = texts.get(memory_id)
        if memory_id not in known and memory is not None:
            known[memory_id] = Evidence(memory_id, fulltext=(score, _coverage(memory, question)))
    for memory_id, share in literal.items():
        known[memory_id] = replace(known.get(memory_id, Evidence(memory_id, fulltext=(0.0, 0.0))), literal=share)


def _literal(tx: UnitOfWork, question: Question, wanted: Filter) -> dict[str, float]:
    """Memory -> share of the question's literal parts that it holds exactly as written."""
    found: dict[str, set[str]] = {}
    for part in question.literal:
        hits = tx.fulltext.match(any_of([part]), wanted, HITS)
        for memory in tx.memories.visible([memory_id for memory_id, _ in hits], wanted).values():
            if part.lower() in f"{memory.title}\n{memory.content}\n{memory.summary or ''}".lower():
                found.setdefault(memory.id, set()).add(part)
    return {memory_id: len(parts) / len(question.literal) for memory_id, parts in found.items()}


def required(tx: UnitOfWork, question: Question, wanted: Filter) -> set[str] | None:
    """The memories that meet everything the question quotes, or None when it quotes nothing."""
    if not (question.phrases or question.prefixes):
        return None
    return {hit[0] for hit in tx.fulltext.match(all_of(question.phrases, question.prefixes), wanted, 1000)}


def _coverage(memory: Memory, question: Question) -> float:
    if not question.words:
        return 1.0
    held = {word[:5] for word in words_of(f"{memory.title} {memory.content}")}
    return sum(word[:5] in held for word in question.words) / len(question.words)
