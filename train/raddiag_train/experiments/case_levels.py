"""The label spaces of the experiments: ICD-10-CM categories, the most frequent disorders, and what was learned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from raddiag_train.data.label_level import LabelLevel, at_label_level
from raddiag_train.data.labels import codes_by_disorder
from raddiag_train.data.records import NORMAL, CaseRecord

LEVELS: tuple[LabelLevel, ...] = ("disorder", "icd10cm")


def at_level(records: Sequence[CaseRecord], level: LabelLevel) -> list[CaseRecord]:
    """The cases with the labels of a level (section 5.1.1); at "icd10cm" those that have no code are left out."""
    if level == "icd10cm":
        records = [record for record in records if record.disorders == (NORMAL,) or any(record.icd10cm)]
    return at_label_level(records, level)


def most_frequent(records: Sequence[CaseRecord], classes: int, split: str = "train") -> list[CaseRecord]:
    """The cases with one of the `classes` disorders that have most cases in `split`, labelled with those alone.

    "Normal" is none of them (SubSet@200 of section 6.1: "200 disorder categories with most cases").
    """
    counts = Counter(name for record in records if record.split == split for name in set(record.disorders))
    del counts[NORMAL]
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    return restricted(records, frozenset(ranked[:classes]))


def within_training_labels(records: Sequence[CaseRecord], split: str = "train") -> list[CaseRecord]:
    """The cases without the disorders that no case of `split` has: a classifier has no output for those.

    The paper's tail has classes of the test part alone (section 5.1.1).
    """
    known = frozenset(name for record in records if record.split == split for name in record.disorders)
    return restricted(records, known)


def restricted(records: Sequence[CaseRecord], names: frozenset[str]) -> list[CaseRecord]:
    """The cases that have one of these disorders, labelled with those alone."""
    kept = []
    for record in records:
        chosen = [place for place, name in enumerate(record.disorders) if name in names]
        if len(chosen) == len(record.disorders):
            kept.append(record)
        elif chosen:
            kept.append(_with_labels(record, chosen))
    return kept


def _with_labels(record: CaseRecord, chosen: Sequence[int]) -> CaseRecord:
    codes = codes_by_disorder(record)
    # A list of codes for the case as a whole says nothing of some of its disorders.
    own = tuple(codes[place][0] if codes[place] else "" for place in chosen)
    return replace(record, disorders=tuple(record.disorders[place] for place in chosen), icd10cm=own)
