"""A model of disorders judged by ICD-10-CM category: the probability of a category is the largest of its disorders'."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.icd10cm import icd10cm
from raddiag_engine.models.card import Coverage, Disorder, Tier
from raddiag_train.data.label_level import at_label_level, category_names
from raddiag_train.data.labels import LabelSpace, tier_of
from raddiag_train.data.records import NORMAL, CaseRecord
from raddiag_train.evaluation.evaluate import Evaluation
from raddiag_train.evaluation.source_results import source_results
from raddiag_train.evaluation.thresholds import fit_operating_points

_TIERS: tuple[Tier, ...] = ("tail", "medium", "head")


@dataclass(frozen=True)
class CategoryLevel:
    """The categories of a model's label space.

    Attributes:
        categories: Each as a class, "Normal" included if the model has it; without thresholds.
        members: The model's classes that make up each.
        codes_of: Disorder of the model -> its codes.
        counts_disorders: True if a training case with two disorders of one category counts twice in its tier.
    """

    categories: tuple[Disorder, ...]
    members: tuple[tuple[int, ...], ...]
    codes_of: dict[str, tuple[str, ...]]
    counts_disorders: bool

    @property
    def labels(self) -> LabelSpace:
        """The label space of the categories."""
        return LabelSpace(self.categories)

    def records(self, records: Sequence[CaseRecord]) -> list[CaseRecord]:
        """The cases with their categories, by the codes of their lines or, where these give none, of the model's card.

        Raises:
            ConfigError: A code that does not exist, or a case with disorders and no code at all.
        """
        return at_label_level(records, "icd10cm", self.codes_of)

    def probabilities(self, probabilities_NK: NDArray[np.floating]) -> NDArray[np.float64]:
        """(cases, categories) from (cases, classes of the model)."""
        return np.stack([probabilities_NK[:, list(own)].max(1) for own in self.members], 1).astype(np.float64)


def category_level(disorders: Sequence[Disorder], training: Sequence[CaseRecord] = ()) -> CategoryLevel:
    """The categories of a label space, the most frequent first as far as is known.

    A category's tier is that of its positive training cases. Without these cases it is that of the sum over its
    disorders, in which a case with two of them counts twice, or the best of their tiers where the card has no numbers.
    A disorder of several categories counts in each; one without a code in none.

    Args:
        disorders: Of the model's card.
        training: The cases it has learned from, labelled by disorder; one without any code counts nowhere.

    Raises:
        ConfigError: A code of a training case that does not exist.
    """
    members: dict[str, list[int]] = {}
    codes: dict[str, tuple[str, ...]] = {}
    table = icd10cm()
    for k, disorder in enumerate(disorders):
        if disorder.normal:
            members.setdefault(NORMAL, []).append(k)
        known = [code for code in disorder.icd10cm if code in table]
        for name, code in category_names(known).items():
            members.setdefault(name, []).append(k)
            codes[name] = (code,)
    codes_of = {disorder.name: disorder.icd10cm for disorder in disorders}
    coded = [
        r for r in training if any(r.icd10cm) or any(codes_of[name] for name in r.disorders) or NORMAL in r.disorders
    ]
    cases = Counter(name for record in at_label_level(coded, "icd10cm", codes_of) for name in record.disorders)
    found = [
        (_category(name, codes.get(name, ()), [disorders[k] for k in own], cases), tuple(own))
        for name, own in members.items()
    ]
    found.sort(key=lambda pair: (-(pair[0].training_positives or 0), pair[0].name))
    return CategoryLevel(
        tuple(category for category, _ in found),
        tuple(own for _, own in found),
        codes_of,
        counts_disorders=not training and any(len(own) > 1 for own in members.values()),
    )


def with_thresholds(
    level: CategoryLevel, records: Sequence[CaseRecord], probabilities_NK: NDArray[np.floating], split: str
) -> CategoryLevel:
    """The same level with the threshold of best F1 of each category.

    Args:
        level: Of the model.
        records: Validation cases, labelled by disorder.
        probabilities_NK: Of the model's classes.
        split: Name of the split they are from.
    """
    targets_NK = level.labels.matrix(level.records(records)) > 0
    points = fit_operating_points(level.probabilities(probabilities_NK), targets_NK, split=split)
    categories = (replace(c, operating_point=point) for c, point in zip(level.categories, points, strict=True))
    return replace(level, categories=tuple(categories))


def at_category_level(evaluation: Evaluation, level: CategoryLevel) -> Evaluation:
    """An evaluation of disorders as one of categories; its logits are those of the pooled probabilities."""
    records = level.records(evaluation.records)
    probabilities_NK = level.probabilities(evaluation.probabilities_NK)
    clipped_NK = probabilities_NK.clip(1e-12, 1 - 1e-12)
    return replace(
        evaluation,
        records=tuple(records),
        labels=level.labels,
        logits_NK=np.log(clipped_NK / (1 - clipped_NK)).astype(np.float32),
        probabilities_NK=probabilities_NK,
        sources=source_results(records, probabilities_NK, level.labels),
    )


def _category(name: str, codes: tuple[str, ...], disorders: Sequence[Disorder], cases: Mapping[str, int]) -> Disorder:
    counts = [disorder.training_positives for disorder in disorders]
    known = [count for count in counts if count is not None]
    positives = sum(known) if len(known) == len(counts) else None
    positives = cases[name] if cases else positives
    best = max((disorder.tier for disorder in disorders), key=_TIERS.index)
    coverage: set[Coverage] = set().union(*(disorder.coverage for disorder in disorders))
    return Disorder(
        name=name,
        icd10cm=codes,
        tier=best if positives is None else tier_of(positives),
        training_positives=positives,
        normal=name == NORMAL,
        coverage=tuple(sorted(coverage, key=lambda pair: (pair.modality, pair.anatomy))),
    )
