"""The cases that a model has learned from, found again in a list of cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from raddiag_engine.models.card import Disorder
from raddiag_train.data.records import CaseRecord


def learned_cases(disorders: Sequence[Disorder], records: Sequence[CaseRecord]) -> list[CaseRecord]:
    """The training cases among the records, if they are those of the model; else none.

    They are if each disorder has as many of them as the card says.

    Args:
        disorders: Of the model's card.
        records: Labelled by disorder, of any split.
    """
    training = [record for record in records if record.split == "train"]
    found = Counter(name for record in training for name in set(record.disorders))
    return training if found == {disorder.name: disorder.training_positives for disorder in disorders} else []
