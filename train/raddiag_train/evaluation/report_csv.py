"""An evaluation as CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence

from raddiag_train.evaluation.engine_fusion import SetAside
from raddiag_train.evaluation.evaluate import Evaluation
from raddiag_train.evaluation.resampled_metrics import METRICS
from raddiag_train.evaluation.tier_results import Figure as MetricFigure
from raddiag_train.evaluation.tier_results import TierResults


def classes_csv(results: TierResults) -> str:
    """A line a class: tier, cases, threshold, and every metric with its 95 % interval."""
    return _table(
        ["disorder", "tier", "positives", "negatives", "threshold", "fitted", *_metric_columns()],
        (
            [
                row.name,
                row.tier,
                row.positives,
                row.negatives,
                f"{row.threshold:.6f}",
                row.fitted,
                *_metric_cells(row.metrics),
            ]
            for row in results.classes
        ),
    )


def tiers_csv(results: TierResults) -> str:
    """A line a tier: classes, classes evaluated, and every metric with its 95 % interval."""
    return _table(
        ["tier", "classes", "evaluated", *_metric_columns()],
        ([row.tier, row.classes, row.evaluated, *_metric_cells(row.metrics)] for row in results.tiers),
    )


def predictions_csv(evaluation: Evaluation) -> str:
    """A line a case: id, data set, disorders, then the probability of every disorder of the model."""
    rows = zip(evaluation.records, evaluation.probabilities_NK, strict=True)
    return _table(
        ["case_id", "source", "disorders", *evaluation.labels.names],
        (
            [record.case_id, record.source, "; ".join(record.disorders), *(f"{one:.6f}" for one in probabilities_K)]
            for record, probabilities_K in rows
        ),
    )


def set_aside_csv(set_aside: Sequence[SetAside]) -> str:
    """A line a scan that was not fused: case, number of the scan in its record, and why; no path."""
    return _table(["case_id", "scan", "reason"], ([one.case_id, one.scan, one.reason] for one in set_aside))


def _table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(titles)
    writer.writerows(rows)
    return stream.getvalue()


def _metric_columns() -> list[str]:
    return [column for name in METRICS for column in (name, f"{name}_low", f"{name}_high")]


def _metric_cells(metrics: dict[str, MetricFigure]) -> list[str]:
    bounds = [bound for name in METRICS for bound in (metrics[name].value, metrics[name].low, metrics[name].high)]
    return ["" if math.isnan(bound) else f"{bound:.6f}" for bound in bounds]
