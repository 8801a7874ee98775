"""An evaluation as a table on the terminal, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from raddiag_engine.configuration import to_mapping
from raddiag_train.evaluation.bootstrap import Interval
from raddiag_train.evaluation.evaluate import Evaluation
from raddiag_train.evaluation.pointing_game import PointingResult
from raddiag_train.evaluation.source_results import SourceResult

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


def to_json(evaluation: Evaluation, parts: Parts, pointing: Sequence[PointingResult] = ()) -> str:
    """Everything but the predictions; an undefined figure is null."""
    data = {
        "schema": 1,
        "model": {"name": evaluation.model, "sha256": evaluation.weights_sha256},
        "device": evaluation.device,
        "settings": to_mapping(evaluation.config),
        "parts": {part: to_mapping(results) for part, results in parts.items()},
        "pointing": to_mapping(tuple(pointing)),
    }
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
