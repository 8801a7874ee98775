"""An evaluation as tables on the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from raddiag_train.evaluation.bootstrap import Interval
from raddiag_train.evaluation.evaluate import Evaluation
from raddiag_train.evaluation.pointing_game import PointingResult
from raddiag_train.evaluation.resampled_metrics import METRICS, SHORT_NAMES
from raddiag_train.evaluation.source_results import SourceResult
from raddiag_train.evaluation.tier_results import Figure as MetricFigure
from raddiag_train.evaluation.tier_results import TierResults

Parts = dict[str, tuple[SourceResult, ...]]


def print_tables(evaluation: Evaluation, parts: Parts, console: Console) -> None:
    """One table a part of the cases ("all cases", "without twins"), a row a data set and one a disorder."""
    conditions = [f"split {evaluation.config.split}"]
    conditions += [] if evaluation.config.modality_known else ["modality unknown"]
    conditions += ["mirrored as well"] if evaluation.config.mirrored else []
    for part, results in parts.items():
        title = f"{evaluation.model}, {', '.join(conditions)}, {part}"
        # Narrow enough for a terminal of 80 columns.
        table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
        table.add_column("data set", no_wrap=True)
        for name in ("cases", "AUC", "95 %", "AUC, same anatomy", "accuracy", "95 %"):
            table.add_column(name, justify="right", min_width=len("0.999–1.000") if name == "95 %" else None)
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
