"""A table of the paper with the paper's numbers beside ours, in Markdown and CSV; per cent, as the paper has them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from raddiag_train.evaluation.resampled_metrics import SHORT_NAMES
from raddiag_train.evaluation.tier_results import Figure

TITLES = {**SHORT_NAMES, "acc": "ACC", "accuracy": "accuracy"}
ABSENT = "–"


@dataclass(frozen=True)
class Row:
    """A row.

    Attributes:
        labels: What stands in its first columns.
        paper: Metric -> the paper's number in per cent; what it does not give is left out.
        ours: Metric -> our figure as a share; empty where the run was not made.
    """

    labels: tuple[str, ...]
    paper: Mapping[str, float] = field(default_factory=dict)
    ours: Mapping[str, Figure] = field(default_factory=dict)


@dataclass(frozen=True)
class ExperimentTable:
    """A table.

    Attributes:
        name: Of its files, such as "table_5".
        title: What it shows, with the place in the paper.
        label_titles: Of the first columns.
        metrics: Of the other columns.
        rows: From top to bottom.
        notes: Below it: what differs from the paper, and what was not run.
    """

    name: str
    title: str
    label_titles: tuple[str, ...]
    metrics: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


def to_markdown(table: ExperimentTable) -> str:
    """The table with "paper / ours (95 % interval)" in a cell."""
    header = [*table.label_titles, *(TITLES[metric] for metric in table.metrics)]
    aligned = ["---"] * len(table.label_titles) + ["---:"] * len(table.metrics)
    body = [[*row.labels, *(_cell(row, metric) for metric in table.metrics)] for row in table.rows]
    lines = [f"**{table.title}**", "", "In per cent: paper / ours (95 % interval).", ""]
    lines += ["| " + " | ".join(map(_escaped, cells)) + " |" for cells in (header, aligned, *body)]
    lines += ["", *(f"- {note}" for note in table.notes)] if table.notes else []
    return "\n".join(lines) + "\n"


def to_csv(table: ExperimentTable) -> str:
    """A line a row; of every metric the paper's number, ours, and the bounds of its 95 % interval, in per cent."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    parts = ("paper", "ours", "low", "high")
    writer.writerow([*table.label_titles, *(f"{metric}_{part}" for metric in table.metrics for part in parts)])
    for row in table.rows:
        writer.writerow([*row.labels, *(number for metric in table.metrics for number in _numbers(row, metric))])
    return stream.getvalue()


def _cell(row: Row, metric: str) -> str:
    paper, ours = row.paper.get(metric), row.ours.get(metric)
    if paper is None and not row.paper:
        return _ours(ours)
    return f"{ABSENT if paper is None else f'{paper:.2f}'} / {_ours(ours)}"


def _ours(figure: Figure | None) -> str:
    if figure is None or math.isnan(figure.value):
        return ABSENT
    if math.isnan(figure.low):
        return f"{100 * figure.value:.2f}"
    return f"{100 * figure.value:.2f} ({100 * figure.low:.1f} to {100 * figure.high:.1f})"


def _numbers(row: Row, metric: str) -> Sequence[str]:
    paper, ours = row.paper.get(metric), row.ours.get(metric)
    bounds = (math.nan,) * 3 if ours is None else (ours.value, ours.low, ours.high)
    first = "" if paper is None else f"{paper:.2f}"
    return [first, *("" if math.isnan(bound) else f"{100 * bound:.4f}" for bound in bounds)]


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")
