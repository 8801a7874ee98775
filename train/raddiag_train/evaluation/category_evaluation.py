"""An evaluation of disorders as one of ICD-10-CM categories."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from raddiag_engine.models.folder import Model
from raddiag_train.data.records import CaseRecord
from raddiag_train.evaluation.evaluate import Evaluation, evaluate
from raddiag_train.evaluation.icd10cm_level import at_category_level, category_level, with_thresholds
from raddiag_train.evaluation.training_cases import learned_cases

VALIDATION = "validation"


def evaluated_by_category(
    model: Model, lists: tuple[Sequence[CaseRecord], Sequence[CaseRecord]], cache: Path, found: Evaluation
) -> Evaluation:
    """The evaluation by category, with thresholds from the validation cases if there are any.

    The tiers are by the training cases, where one of the lists holds those that the model has learned from; otherwise
    standard error says how they were counted.

    Args:
        model: That was evaluated.
        lists: The cases of the evaluation, of all splits, and other cases.
        cache: Folder of prepared scans.
        found: The evaluation of disorders.
    """
    records = lists[0]
    training = next(filter(None, (learned_cases(model.card, of_list) for of_list in lists)), ())
    level = category_level(model.card.disorders, training)
    if level.counts_disorders:
        said = "tiers: a training case with two disorders of one category counts twice, as its training cases are in"
        print(f"{said} neither --cases nor --twins-of", file=sys.stderr)
    if found.config.split not in (VALIDATION, "all") and any(record.split == VALIDATION for record in records):
        fitting = evaluate(model, records, cache, replace(found.config, split=VALIDATION))
        level = with_thresholds(level, fitting.records, fitting.probabilities_NK, VALIDATION)
    return at_category_level(found, level)
