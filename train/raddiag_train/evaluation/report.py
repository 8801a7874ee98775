"""An evaluation as a table on the terminal, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from raddiag_engine.configuration import to_mapping
from raddiag_train.evaluation.bootstrap import Interval
from raddiag_train.evaluation.evaluate import Evaluation
from raddiag_train.evaluation.figures import FigureData
from raddiag_train.evaluation.pointing_game import PointingResult
from raddiag_train.evaluation.resampled_metrics import METRICS
from raddiag_train.evaluation.source_results import SourceResult
from raddiag_train.evaluation.tier_results import Figure as MetricFigure
from raddiag_train.evaluation.tier_results import TierResults

SHORT_NAMES = {
    "auc": "AUC",
    "average_precision": "AP",
    "f1": "F1",
    "mcc": "MCC",
    "recall_at_fpr_0.01": "R@0.01",
    "recall_at_fpr_0.05": "R@0.05",
    "recall_at_fpr_0.1": "R@0.1",
}
Parts = dict[str, tuple[SourceResult, ...]]


def print_tables(evaluation: Evaluation, parts: Parts, console: Console) -> None:
    """One table a part of the cases ("all cases", "without twins"), a row a data set and one a disorder."""
    conditions = [f"split {evaluation.config.split}"]
    conditions += [] if evaluation.config.modality_known else ["modality unknown"]
    conditions += ["mirrored as well"] if evaluation.config.mirrored else []
    for part, results in parts.items():
        title = f"{evaluation.model}, {', '.join(conditions)}, {part}"
        table = Table(title=title, box=SIMPLE_HEAD)
        table.add_column("data set", no_wrap=True)
        for name in ("cases", "AUC", "95 %", "AUC, same anatomy", "accuracy", "95 %"):
            table.add_column(name, justify="right")
        for result in results:
            table.add_section()
            accuracy = "" if result.accuracy is None else f"{result.accuracy:.3f}"
            table.add_row(
                result.source or "cases",
                str(result.cases),
                _figure(result.macro_auc),
                _interval(result.macro_auc_interval),
                _figure(result.macro_auc_same_anatomy),
                accuracy,
                _interval(result.accuracy_interval),
                style="bold",
            )
            for disorder in result.disorders:
                near = _figure(disorder.auc_same_anatomy)
                table.add_row(f"  {disorder.name}", str(disorder.positives), _figure(disorder.auc), "", near, "", "")
        console.print(table)


def print_pointing(results: Sequence[PointingResult], console: Console) -> None:
    """Hit rates of the pointing game, a row for volumes and one for images."""
    table = Table(title="pointing game: peak inside the lesion's mask", box=SIMPLE_HEAD)
    table.add_column("scans")
    for name in ("positives", "Grad-CAM", "centre", "random", "brightest"):
        table.add_column(name, justify="right")
    for result in results:
        rates = (result.hit_rate, result.centre, result.random, result.brightest)
        table.add_row(result.kind, str(result.positives), *(f"{rate:.3f}" for rate in rates))
    console.print(table)


def print_tiers(results: TierResults, console: Console) -> None:
    """The figures of the paper's table 5 in per cent: a row a metric, a column a tier, with the classes evaluated."""
    table = Table(title="means over the classes, Normal left out, in per cent, with 95 %", box=SIMPLE_HEAD)
    table.add_column("")
    for tier in results.tiers:
        table.add_column(f"{tier.tier}\n{tier.evaluated} of {tier.classes}", justify="right", no_wrap=True)
    for name in METRICS:
        table.add_row(SHORT_NAMES[name], *(_per_cent(tier.metrics[name]) for tier in results.tiers))
    console.print(table)


def classes_csv(results: TierResults) -> str:
    """A line a class: tier, cases, threshold, and every metric with its 95 % interval."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["disorder", "tier", "positives", "negatives", "threshold", "fitted", *_metric_columns()])
    for row in results.classes:
        head = [row.name, row.tier, row.positives, row.negatives, f"{row.threshold:.6f}", row.fitted]
        writer.writerow([*head, *_metric_cells(row.metrics)])
    return stream.getvalue()


def tiers_csv(results: TierResults) -> str:
    """A line a tier: classes, classes evaluated, and every metric with its 95 % interval."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["tier", "classes", "evaluated", *_metric_columns()])
    for row in results.tiers:
        writer.writerow([row.tier, row.classes, row.evaluated, *_metric_cells(row.metrics)])
    return stream.getvalue()


def to_json(
    evaluation: Evaluation,
    parts: Parts,
    pointing: Sequence[PointingResult] = (),
    tiers: TierResults | None = None,
    figures: FigureData | None = None,
) -> str:
    """Everything but the predictions; an undefined figure is null."""
    data = {
        "schema": 1,
        "model": {"name": evaluation.model, "sha256": evaluation.weights_sha256},
        "device": evaluation.device,
        "settings": to_mapping(evaluation.config),
        "parts": {part: to_mapping(results) for part, results in parts.items()},
        "pointing": to_mapping(tuple(pointing)),
    }
    if tiers is not None:
        data["tiers"] = to_mapping(tiers.tiers)
        data["classes"] = to_mapping(tiers.classes)
        data["roc_bands"] = [{**_plain(vars(band)), "auc_interval": list(band.auc_interval)} for band in tiers.bands]
    if figures is not None:
        data["reliability"] = {title: to_mapping(curves) for title, curves in figures.reliability}
        data["score_distributions"] = to_mapping(tuple(figures.scores))
    return json.dumps(_without_nan(data), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def predictions_csv(evaluation: Evaluation) -> str:
    """A line a case: id, data set, disorders, then the probability of every disorder of the model."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["case_id", "source", "disorders", *evaluation.labels.names])
    for record, probabilities_K in zip(evaluation.records, evaluation.probabilities_NK, strict=True):
        figures = [f"{probability:.6f}" for probability in probabilities_K]
        writer.writerow([record.case_id, record.source, "; ".join(record.disorders), *figures])
    return stream.getvalue()


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in values.items()}


def _metric_columns() -> list[str]:
    return [column for name in METRICS for column in (name, f"{name}_low", f"{name}_high")]


def _metric_cells(metrics: dict[str, MetricFigure]) -> list[str]:
    bounds = [bound for name in METRICS for bound in (metrics[name].value, metrics[name].low, metrics[name].high)]
    return ["" if math.isnan(bound) else f"{bound:.6f}" for bound in bounds]


def _per_cent(figure: MetricFigure) -> str:
    if math.isnan(figure.value):
        return ""
    between = "" if math.isnan(figure.low) else f"\n{100 * figure.low:.1f}–{100 * figure.high:.1f}"
    return f"{100 * figure.value:.2f}{between}"


def _figure(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.4f}"


def _interval(interval: Interval | None) -> str:
    if interval is None or math.isnan(interval[0]):
        return ""
    return f"{interval[0]:.3f}–{interval[1]:.3f}"


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
