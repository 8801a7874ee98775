"""Every model on every data set, each answer once: what is stored is not computed again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from raddiag_engine.atomic import write_text
from raddiag_engine.errors import ConfigError
from raddiag_train.data.records import CaseRecord
from raddiag_train.evaluation.judged_notes import set_aside_notes
from raddiag_train.evaluation.report_csv import set_aside_csv
from raddiag_train.experiments.run_figures import WITH_NORMAL, RunFigures, read_figures, write_figures
from raddiag_train.experiments.zero_shot.answers import Answers, answer_figures, best_f1_thresholds, truth
from raddiag_train.experiments.zero_shot.label_mapping import Label, MappedLabel, mapping_csv

FIGURES, MAPPING, SET_ASIDE = "figures.json", "mapping.csv", "set_aside.csv"
OWN, VALIDATION = "own", "validation"
Ask = Callable[[Sequence[CaseRecord], Sequence[MappedLabel]], Answers]


@dataclass(frozen=True, eq=False)
class ZeroShotModel:
    """A model that can be asked.

    Attributes:
        name: Of its row.
        key: Digest of its weights.
        map: Labels to what the model knows.
        ask: Cases and mapped labels to answers.
        images_only: It does not take volumes.
        sources: Data sets that it has learned from, as far as is known.
    """

    name: str
    key: str
    map: Callable[[Sequence[Label]], tuple[MappedLabel, ...]]
    ask: Ask
    images_only: bool = False
    sources: tuple[str, ...] = ()


def zero_shot_figures(
    model: ZeroShotModel,
    records: Sequence[CaseRecord],
    labels: Sequence[Label],
    folder: Path,
    thresholds: str = OWN,
    resamples: int = 1000,
    split: str = "test",
) -> RunFigures:
    """The figures of a model on the test cases of a data set, from the folder if they stand there.

    Args:
        model: To ask.
        records: Cases of a data set.
        labels: Of the set.
        folder: Of this model and set; gets figures.json, mapping.csv and set_aside.csv.
        thresholds: "own", as the model calls by itself, or "validation": of best F1 on the set's validation cases,
            after which the set is no longer unseen.
        resamples: Of the bootstrap.
        split: Cases of this split are judged.

    Raises:
        ConfigError: There are no cases of a split, or the folder holds figures of something else.
        RaddiagError: As the model.
    """
    test = [record for record in records if record.split == split]
    fitting = [record for record in records if record.split == "validation"] if thresholds == VALIDATION else []
    if not test or (thresholds == VALIDATION and not fitting):
        raise ConfigError(
            f"the data set {records[0].source or 'of the cases'} has no {'validation' if test else split} cases; "
            "divide it with `raddiag data split`, or name another --split"
        )
    mapped = model.map(labels)
    key = _key(model, [*test, *fitting], mapped, thresholds, resamples)
    if (folder / FIGURES).exists():
        figures = read_figures(folder / FIGURES)
        if figures.key != key:
            raise ConfigError(f"{folder}: holds figures of other cases or settings; delete it or name another --output")
        return figures
    answers = model.ask([*test, *fitting], mapped)
    rows = np.arange(len(test) + len(fitting)) < len(test)
    judged = answers.of(rows)
    if thresholds == VALIDATION:
        judged = judged.with_thresholds(best_f1_thresholds(answers.of(~rows), truth(fitting, labels)))
    metrics = answer_figures(judged, truth(test, labels), labels, resamples)
    counts = {"test": len(test), "validation": len(fitting)}
    notes = tuple(set_aside_notes(answers.set_aside))
    figures = RunFigures(key, counts, 0.0, {WITH_NORMAL: metrics}, {WITH_NORMAL: len(labels)}, notes)
    write_text(folder / MAPPING, mapping_csv(model.name, mapped))
    write_text(folder / SET_ASIDE, set_aside_csv(answers.set_aside))
    write_figures(folder / FIGURES, figures)
    return figures


def _key(
    model: ZeroShotModel,
    records: Sequence[CaseRecord],
    mapped: Sequence[MappedLabel],
    thresholds: str,
    resamples: int,
) -> str:
    pairs = [(one.label.name, one.disorders) for one in mapped]
    digest = hashlib.sha256(json.dumps([model.key, pairs, thresholds, resamples]).encode())
    for record in records:
        digest.update(repr((record.split, record.source, record.case_id, record.disorders)).encode())
    return digest.hexdigest()
