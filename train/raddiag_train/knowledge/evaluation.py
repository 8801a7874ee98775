"""How well a scorer knows names and texts that were kept out of training: synonyms, hierarchy, definitions.

Questions, all with a bootstrap interval over the queries:

- Synonyms: an inclusion term that training never saw; among all ICD-10-CM categories, each by its official name, which
  is its own? Recall among the first 1, 5 and 10, and mean reciprocal rank.
- Hierarchy: triples like J93, J93.0, J96.0, the second a name that training never saw, the third from another category
  of the same chapter ("far") or from beside the first in the tree ("near"): is the second nearer to the first than the
  third is?
- Definitions: a description that training never saw; among the names of all concepts that have one, which is its own?
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.icd10cm import Icd10cm, icd10cm
from raddiag_train.evaluation.bootstrap import Interval, interval, resample_counts, resampled_mean
from raddiag_train.knowledge.holdout import name_key
from raddiag_train.knowledge.pair import KnowledgePair
from raddiag_train.knowledge.retrieval import Scorer, ranks

RECALL_AT = (1, 5, 10)
MOST_QUERIES = 1500


@dataclass(frozen=True)
class Figure:
    """One figure of an evaluation, with its 95 % interval and the number of queries behind it."""

    name: str
    value: float
    interval: Interval
    queries: int


@dataclass(frozen=True)
class RetrievalTask:
    """Queries, candidates, and which candidates are right: right_QC (queries, candidates)."""

    name: str
    queries: tuple[str, ...]
    candidates: tuple[str, ...]
    right_QC: NDArray[np.bool_]


@dataclass(frozen=True)
class OrderTask:
    """Triples of an anchor, a text near it, and one that is not."""

    name: str
    triples: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class KnowledgeTasks:
    """Everything that is asked."""

    retrieval: tuple[RetrievalTask, ...]
    order: tuple[OrderTask, ...]


def build_tasks(pairs: Sequence[KnowledgePair], most: int = MOST_QUERIES, seed: int = 0) -> KnowledgeTasks:
    """The questions that these pairs allow; those without a query are left out.

    Args:
        pairs: Of both parts; what counts as seen is every name and text of the training part, its negatives included.
        most: Most queries of a question, drawn at random.
        seed: Of the draws.
    """
    unseen = _Unseen(pairs)
    table = icd10cm()
    held_out = [pair for pair in pairs if pair.part == "held_out" and pair.text in unseen]
    random.Random(seed).shuffle(held_out)
    retrieval = (_synonyms(held_out, table, most), _definitions(held_out, pairs, most))
    order = (_far(held_out, table, most, seed), _near(held_out, most))
    return KnowledgeTasks(
        tuple(task for task in retrieval if task.queries), tuple(task for task in order if task.triples)
    )


def evaluate_knowledge(scorer: Scorer, tasks: KnowledgeTasks) -> tuple[Figure, ...]:
    """Every figure of a scorer."""
    figures: list[Figure] = []
    for task in tasks.retrieval:
        ranks_Q = ranks(scorer.scores(task.queries, task.candidates), task.right_QC)
        figures += [_figure(f"{task.name}, recall at {k}", ranks_Q <= k) for k in RECALL_AT]
        figures.append(_figure(f"{task.name}, MRR", 1 / ranks_Q))
    for order in tasks.order:
        figures.append(_figure(f"{order.name}, in the right order", _right_order(scorer, order)))
    return tuple(figures)


class _Unseen:
    """Texts that are nowhere in the training part, not even in another spelling or for the other side."""

    def __init__(self, pairs: Sequence[KnowledgePair]) -> None:
        self._seen = {
            name_key(text)
            for pair in pairs
            if pair.part == "train"
            for text in (pair.term, pair.text, *(negative.text for negative in pair.hard_negatives))
        }

    def __contains__(self, text: str) -> bool:
        return name_key(text) not in self._seen


def _synonyms(held_out: list[KnowledgePair], table: Icd10cm, most: int) -> RetrievalTask:
    categories = table.categories()
    places = {code: place for place, code in enumerate(categories)}
    names = tuple(table[code].description for code in categories)
    known = {name_key(name) for name in names}
    right: dict[str, set[int]] = defaultdict(set)
    for pair in held_out:
        inclusion_term = any(pair.text in table[code].inclusion_terms for code in pair.icd10cm if code in table)
        # A term that is the name of a category asks for nothing.
        if pair.kind == "synonym" and inclusion_term and name_key(pair.text) not in known:
            right[pair.text] |= {places[table.roll_up(code)] for code in pair.icd10cm if code in table}
    queries = tuple(right)[:most]
    return RetrievalTask("synonym among categories", queries, names, _right([right[q] for q in queries], len(names)))


def _definitions(held_out: list[KnowledgePair], pairs: Sequence[KnowledgePair], most: int) -> RetrievalTask:
    described = {pair.concept: pair.term for pair in pairs if pair.kind == "description"}
    names = tuple(dict.fromkeys(described.values()))
    places = {name: place for place, name in enumerate(names)}
    right: dict[str, set[int]] = defaultdict(set)
    for pair in held_out:
        if pair.kind == "description":
            right[pair.text].add(places[pair.term])
    queries = tuple(right)[:most]
    return RetrievalTask("definition to name", queries, names, _right([right[q] for q in queries], len(names)))


def _right(places: list[set[int]], candidates: int) -> NDArray[np.bool_]:
    right_QC = np.zeros((len(places), candidates), dtype=bool)
    for row, found in enumerate(places):
        right_QC[row, list(found)] = True
    return right_QC


def _far(held_out: list[KnowledgePair], table: Icd10cm, most: int, seed: int) -> OrderTask:
    """Category, a name below it, and a child of another category of its chapter."""
    generator = random.Random(seed)
    by_chapter: dict[str, list[str]] = defaultdict(list)
    for code in table.categories():
        by_chapter[table.chapter_of(code).code] += table.children(code) if not table[code].billable else ()
    triples = []
    for pair in held_out:
        anchor = pair.concept.partition(":")[2]
        if pair.kind == "hierarchy" and anchor in table and table[anchor].kind == "category":
            others = by_chapter[table.chapter_of(anchor).code]
            other = next((code for code in generator.sample(others, min(9, len(others))) if code[:3] != anchor), None)
            if other is not None:
                triples.append((pair.term, pair.text, table[other].description))
    return OrderTask("hierarchy, far", tuple(triples[:most]))


def _near(held_out: list[KnowledgePair], most: int) -> OrderTask:
    """Any term, a name below it, and a child of a term beside it."""
    triples = [
        (pair.term, pair.text, cousin)
        for pair in held_out
        if pair.kind == "hierarchy"
        for cousin in [negative.text for negative in pair.hard_negatives if negative.why == "sibling"][:1]
    ]
    return OrderTask("hierarchy, near", tuple(triples[:most]))


def _right_order(scorer: Scorer, task: OrderTask) -> NDArray[np.bool_]:
    """True for triples whose second is nearer to the first than the third is: (T,)."""
    anchors = tuple(dict.fromkeys(anchor for anchor, _, _ in task.triples))
    texts = tuple(dict.fromkeys(text for _, *others in task.triples for text in others))
    scores_AT = scorer.scores(anchors, texts)
    row, column = {name: n for n, name in enumerate(anchors)}, {name: n for n, name in enumerate(texts)}
    return np.array([scores_AT[row[a], column[b]] > scores_AT[row[a], column[c]] for a, b, c in task.triples])


def _figure(name: str, values_Q: NDArray[np.generic]) -> Figure:
    counts_RQ = resample_counts(len(values_Q))
    return Figure(name, float(values_Q.mean()), interval(resampled_mean(values_Q, counts_RQ)), len(values_Q))
