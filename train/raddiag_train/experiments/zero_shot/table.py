"""The abstract's Table 1: zero-shot figures of six external data sets, and of any other that cases are given of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from raddiag_train.experiments.execution import FIGURES
from raddiag_train.experiments.paper_numbers import PaperRow, PaperTable
from raddiag_train.experiments.portions import Portion, parse_portion
from raddiag_train.experiments.run_figures import WITH_NORMAL, Metrics, RunFigures, read_figures
from raddiag_train.experiments.table import ExperimentTable, Row

METRICS = ("f1", "mcc", "acc", "auc", "accuracy")
SUPERVISED, OURS = "S.T.", "Ours"


def zero_shot_table(
    paper: PaperTable,
    found: Mapping[str, Mapping[str, RunFigures]],
    ours: Sequence[str],
    thresholds: str,
    supervised: Path | None = None,
    learned: Mapping[tuple[str, str], str] | None = None,
) -> ExperimentTable:
    """Rows of the paper with our figures, and rows of our own for what it does not have.

    Args:
        paper: Its table.
        found: Data set -> row's name -> figures; "Ours" and the names of the baselines are the paper's.
        ours: Names of the models that stand in rows of their own.
        thresholds: "own" or "validation".
        supervised: Output of `raddiag finetune`, whose runs from scratch are the "S.T." rows.
        learned: (data set, row's name) -> what must be said where the model has learned from the set.
    """
    learned = learned or {}
    rows: list[Row] = []
    for source, by_model in found.items():
        known = [row for row in paper.row if source in row.sources]
        for row in known:
            rows.append(Row(row.labels, paper.numbers(row), _ours(row, source, by_model, supervised)))
        named = {row.labels[1] for row in known}
        title = known[0].labels[0] if known else source
        rows += [
            Row(
                (title, name, "not zero-shot" if (source, name) in learned else "zero-shot"),
                {},
                figures.groups[WITH_NORMAL],
            )
            for name, figures in by_model.items()
            if name not in named
        ]
    counts = [f"{source} {next(iter(one.values())).cases['test']}" for source, one in found.items() if one]
    notes = [
        *paper.notes,
        'Ours are means over the labels of a set, "Normal" included, on its test cases: ' + ", ".join(counts) + ".",
        "Called positive: at the thresholds of best F1 on the set's own validation cases."
        if thresholds == "validation"
        else "Called positive: at the thresholds of each model's own card; by the baselines where most probable.",
    ]
    notes += [
        f"{name} on {source}: {note}."
        for source, by_model in found.items()
        for name, figures in by_model.items()
        for note in figures.notes
    ]
    notes += [f"{note}." for note in learned.values()]
    if ours:
        notes.append(f"{OURS}: {', '.join(ours)}.")
    title = "Table 1 of the abstract. " + paper.title
    return ExperimentTable("zero_shot", title, paper.label_titles, METRICS, tuple(rows), tuple(notes))


def _ours(row: PaperRow, source: str, by_model: Mapping[str, RunFigures], supervised: Path | None) -> Metrics:
    if row.labels[1] != SUPERVISED:
        return by_model[row.labels[1]].groups[WITH_NORMAL] if row.labels[1] in by_model else {}
    if supervised is None:
        return {}
    for portion in (Portion(cases=row.cases), parse_portion(row.portion)):
        path = supervised / "runs" / source / portion.folder_name / "scratch" / FIGURES
        if path.exists():
            return read_figures(path).groups[WITH_NORMAL]
    return {}
