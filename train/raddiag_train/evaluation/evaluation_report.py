"""Everything that `raddiag evaluate` found, printed or written."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from raddiag_engine.atomic import write_text
from raddiag_engine.configuration import to_mapping
from raddiag_train.evaluation.evaluate import Evaluation, stored_predictions
from raddiag_train.evaluation.figures import FigureData, draw_figures, figure_data
from raddiag_train.evaluation.judged_notes import judged_notes
from raddiag_train.evaluation.pointing_game import PointingResult
from raddiag_train.evaluation.report_csv import classes_csv, predictions_csv, set_aside_csv, tiers_csv
from raddiag_train.evaluation.report_tables import Parts, print_pointing, print_tables, print_tiers
from raddiag_train.evaluation.stored_predictions import FILE_NAME, StoredPredictions, write_predictions
from raddiag_train.evaluation.tier_results import TierResults, tier_results


@dataclass(frozen=True, eq=False)
class EvaluationReport:
    """An evaluation with what follows from it.

    Attributes:
        evaluation: As found.
        parts: Part of the cases ("all cases", "without twins") -> figures by data set.
        pointing: Of the pointing game; empty where it was not played.
        tiers: By class and tier.
        stored: The predictions.
        figures: What is drawn beside the ROC bands.
    """

    evaluation: Evaluation
    parts: Parts
    pointing: Sequence[PointingResult]
    tiers: TierResults
    stored: StoredPredictions
    figures: FigureData

    def print(self, console: Console) -> None:
        """The tables, and what must be said beside them."""
        print_tables(self.evaluation, self.parts, console)
        if self.pointing:
            print_pointing(self.pointing, console)
        print_tiers(self.tiers, console)
        for note in judged_notes(self.evaluation):
            console.print(note, soft_wrap=True, highlight=False, markup=False)

    def write(self, folder: Path) -> None:
        """evaluation.json, the CSV files, predictions.npz and the figures as PNG."""
        write_text(folder / "evaluation.json", self.to_json())
        write_text(folder / "predictions.csv", predictions_csv(self.evaluation))
        write_text(folder / "classes.csv", classes_csv(self.tiers))
        write_text(folder / "tiers.csv", tiers_csv(self.tiers))
        write_text(folder / "set_aside.csv", set_aside_csv(self.evaluation.set_aside))
        write_predictions(folder / FILE_NAME, self.stored)
        draw_figures(folder, self.figures, self.tiers.bands, self.evaluation.model)

    def to_json(self) -> str:
        """Everything but the predictions; an undefined figure is null."""
        evaluation, bands = self.evaluation, self.tiers.bands
        data = {
            "schema": 1,
            "model": {"name": evaluation.model, "sha256": evaluation.weights_sha256},
            "device": evaluation.device,
            "settings": to_mapping(evaluation.config),
            "judged": {
                "cases": len(evaluation.records),
                "scans_set_aside": len(evaluation.set_aside),
                "cases_without_a_trusted_scan": int(evaluation.untrusted_N.sum()),
                "cases_with_excluded_disorders_left_out": evaluation.excluded,
                "notes": judged_notes(evaluation),
            },
            "parts": {part: to_mapping(results) for part, results in self.parts.items()},
            "pointing": to_mapping(tuple(self.pointing)),
            "tiers": to_mapping(self.tiers.tiers),
            "classes": to_mapping(self.tiers.classes),
            "roc_bands": [{**_plain(vars(band)), "auc_interval": list(band.auc_interval)} for band in bands],
            "reliability": {title: to_mapping(curves) for title, curves in self.figures.reliability},
            "score_distributions": to_mapping(tuple(self.figures.scores)),
        }
        return json.dumps(_without_nan(data), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def report_on(
    evaluation: Evaluation, parts: Parts, pointing: Sequence[PointingResult], resamples: int
) -> EvaluationReport:
    """The figures by class and tier of an evaluation.

    Args:
        evaluation: As found.
        parts: As `EvaluationReport.parts`.
        pointing: Of the pointing game.
        resamples: Of the bootstrap; 0 leaves the intervals undefined.
    """
    stored = stored_predictions(evaluation)
    tiers = tier_results(evaluation.labels.disorders, evaluation.probabilities_NK, stored.targets_NK, resamples)
    return EvaluationReport(evaluation, parts, pointing, tiers, stored, figure_data(stored, stored.groups()))


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in values.items()}


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
