"""How well a model does on cases with known disorders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.diagnosis.device import place
from raddiag_engine.diagnosis.scoring import probabilities
from raddiag_engine.errors import ConfigError
from raddiag_engine.models.card import ModelCard
from raddiag_engine.models.folder import Model
from raddiag_engine.preparation import PreparationConfig
from raddiag_train.data.label_level import at_label_level, level_of
from raddiag_train.data.labels import LabelSpace
from raddiag_train.data.records import CaseRecord
from raddiag_train.evaluation.engine_fusion import FusionSettings, SetAside, fuse_as_engine
from raddiag_train.evaluation.source_results import SourceResult, source_results
from raddiag_train.evaluation.stored_predictions import StoredPredictions


@dataclass(frozen=True)
class EvaluationConfig:
    """How to evaluate.

    Attributes:
        split: Cases of this split; "all" for every case.
        modality_known: False hides every scan's modality from the network.
        mirrored: Average the logits with those of the mirrored case.
        device: "auto", "cpu" or "cuda".
        all_scans: Fuse every scan of a case. False: as the engine, which sets aside those that it does not trust.
    """

    split: str = "test"
    modality_known: bool = True
    mirrored: bool = False
    device: str = "auto"
    all_scans: bool = False

    def modality_id(self, preparation: PreparationConfig) -> int | None:
        """The id that every scan gets in place of its own; None if each keeps its own."""
        return None if self.modality_known else preparation.modality_ids["unknown"][0]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What an evaluation found.

    Attributes:
        model: The model's name.
        weights_sha256: Its weights.
        config: How it was evaluated.
        device: Where, in words.
        records: The cases, with the scans that were fused.
        labels: The model's label space.
        logits_NK: Of the network.
        probabilities_NK: As the engine gives them, calibrated where the card says how.
        sources: Figures by data set.
        set_aside: Scans that were not fused, as the engine would not.
        untrusted_N: True for a case without a trusted scan: the engine assesses nothing there, and it is judged by
            what it scores all the same.
        excluded: Cases of the split that are not judged: they have one of `excluded_disorders`.
        excluded_disorders: Kept out of the model's training by choice.
    """

    model: str
    weights_sha256: str
    config: EvaluationConfig
    device: str
    records: tuple[CaseRecord, ...]
    labels: LabelSpace
    logits_NK: NDArray[np.float32]
    probabilities_NK: NDArray[np.float64]
    sources: tuple[SourceResult, ...]
    set_aside: tuple[SetAside, ...]
    untrusted_N: NDArray[np.bool_]
    excluded: int
    excluded_disorders: tuple[str, ...]

    @property
    def targets_NK(self) -> NDArray[np.bool_]:
        """(cases, classes) what the cases have."""
        return self.labels.matrix(self.records) > 0

    def of_cases(self, chosen_N: NDArray[np.bool_]) -> tuple[SourceResult, ...]:
        """The figures by data set of some of the cases, such as those without a twin in the training part."""
        rows = np.flatnonzero(chosen_N)
        records = [self.records[int(row)] for row in rows]
        return source_results(records, self.probabilities_NK[rows], self.labels)


def evaluate(model: Model, records: Sequence[CaseRecord], cache: Path, config: EvaluationConfig) -> Evaluation:
    """Evaluate a model with its own preparation, in the precision in which the engine computes on this device.

    Of a case those scans are fused that the engine chooses and trusts. Cases with a disorder that was kept out of the
    model's training (`data.exclude_disorders`) are left out, as they were of its training and validation: without a
    class for it they could only count as if they did not have it.

    Args:
        model: As loaded.
        records: Cases, labelled by disorder; those of the configured split are used.
        cache: Folder of prepared scans.
        config: How.

    Raises:
        ConfigError: The split has no case, or a case has a disorder that the model does not know.
        ReadError: A scan cannot be read or prepared, or a case has no usable one.
    """
    chosen = cases_of_split(records, config.split)
    judged = cases_to_judge(chosen, model.card)
    labels = LabelSpace(model.card.disorders)
    placement = place(config.device)
    modality_id = config.modality_id(model.card.preparation)
    settings = FusionSettings(cache, placement, config.mirrored, modality_id, config.all_scans)
    fused = fuse_as_engine(model, judged, labels, settings)
    probabilities_NK = probabilities(model.card, fused.logits_NK)
    return Evaluation(
        model=model.card.name,
        weights_sha256=model.card.weights_sha256,
        config=config,
        device=placement.description,
        records=fused.records,
        labels=labels,
        logits_NK=fused.logits_NK,
        probabilities_NK=probabilities_NK,
        sources=source_results(fused.records, probabilities_NK, labels),
        set_aside=fused.set_aside,
        untrusted_N=fused.untrusted_N,
        excluded=len(chosen) - len(judged),
        excluded_disorders=model.card.excluded_disorders,
    )


def stored_predictions(evaluation: Evaluation) -> StoredPredictions:
    """What is stored of an evaluation, so that its figures can be drawn again."""
    disorders = evaluation.labels.disorders
    return StoredPredictions(
        model=evaluation.model,
        case_ids=np.array([record.case_id for record in evaluation.records], dtype=np.str_),
        sources=np.array([record.source for record in evaluation.records], dtype=np.str_),
        anatomies=np.array([str(record.anatomy) for record in evaluation.records], dtype=np.str_),
        names=np.array(evaluation.labels.names, dtype=np.str_),
        tiers=np.array([disorder.tier for disorder in disorders], dtype=np.str_),
        normal=np.array([disorder.normal for disorder in disorders], dtype=bool),
        calibrated=np.array([disorder.calibration is not None for disorder in disorders], dtype=bool),
        probabilities_NK=evaluation.probabilities_NK.astype(np.float32),
        logits_NK=evaluation.logits_NK,
        targets_NK=evaluation.targets_NK,
    )


def cases_of_split(records: Sequence[CaseRecord], split: str) -> list[CaseRecord]:
    """The cases of a split; "all" for every case.

    Raises:
        ConfigError: There is none; names the splits there are.
    """
    chosen = [record for record in records if split in ("all", record.split)]
    if not chosen:
        splits = sorted({record.split or "(none)" for record in records})
        raise ConfigError(f"no case is in the split {split!r}; there are {', '.join(splits)}; --split all takes all")
    return chosen


def cases_to_judge(records: Sequence[CaseRecord], card: ModelCard) -> list[CaseRecord]:
    """The cases without those that have a disorder which was kept out of the model's training, labelled as it is.

    Args:
        records: Labelled by disorder, whatever the model's level; categories stay categories.
        card: Of the model.

    Raises:
        ConfigError: None is left, or a model of ICD-10-CM categories is given a case without a code.
    """
    left_out = frozenset(card.excluded_disorders)
    # Before the labels become categories, of which one may have other disorders than those left out.
    judged = [record for record in records if not left_out.intersection(record.disorders)]
    if not judged:
        raise ConfigError(
            f"each of the {len(records)} cases has a disorder that was kept out of the training of {card.name} "
            f"({', '.join(card.excluded_disorders)})"
        )
    return at_label_level(judged, level_of(card.disorders))
