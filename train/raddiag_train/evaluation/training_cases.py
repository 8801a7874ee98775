"""The cases that a model has learned from, found again in a list of cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from raddiag_engine.models.card import ModelCard
from raddiag_train.data.records import CaseRecord


def learned_cases(card: ModelCard, records: Sequence[CaseRecord]) -> list[CaseRecord]:
    """The training cases among the records, if they are those of the model; else none.

    They are if each disorder has as many of them as the card says. Those with a disorder that was kept out of training
    are none of them.

    Args:
        card: Of the model.
        records: Labelled by disorder, of any split.
    """
    left_out = frozenset(card.excluded_disorders)
    training = [r for r in records if r.split == "train" and not left_out.intersection(r.disorders)]
    found = Counter(name for record in training for name in set(record.disorders))
    return training if found == {disorder.name: disorder.training_positives for disorder in card.disorders} else []
