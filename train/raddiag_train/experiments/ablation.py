"""Tables 2, 3 and 4: visual encoder, depth and augmentation, on the most frequent disorders (section 6.1)."""

from __future__ import annotations

from collections.abc import Sequence

from raddiag_train.data.records import CaseRecord
from raddiag_train.experiments.base_recipe import BaseRecipe
from raddiag_train.experiments.case_levels import most_frequent
from raddiag_train.experiments.execution import Execution, figures_of
from raddiag_train.experiments.paper_numbers import PaperTable
from raddiag_train.experiments.planned_run import PlannedRun
from raddiag_train.experiments.run_figures import ALL
from raddiag_train.experiments.table import ExperimentTable, Row

TABLES = (2, 3, 4)
CLASSES = 200


def ablation_runs(
    tables: Sequence[PaperTable], recipe: BaseRecipe, records: Sequence[CaseRecord], classes: int = CLASSES
) -> dict[str, PlannedRun]:
    """Name -> run, each once however many rows it serves.

    Args:
        tables: Of the paper.
        recipe: That the runs are derived from.
        records: All cases; those of the subset are taken.
        classes: Disorders of the subset.

    Raises:
        ConfigError: The recipe or an assignment is wrong.
    """
    subset = tuple(most_frequent(records, classes))
    return {
        row.run: PlannedRun(row.run, recipe.derive(row.overrides, table.defaults), subset)
        for table in tables
        for row in table.row
    }


def ablation_table(
    number: int, table: PaperTable, runs: dict[str, PlannedRun], execution: Execution
) -> ExperimentTable:
    """The paper's table with the figures of the runs that are finished."""
    rows = []
    classes = 0
    for row in table.row:
        ours = {}
        if execution.is_finished(runs[row.run]):
            figures = figures_of(runs[row.run], execution)
            ours, classes = figures.groups.get(ALL, {}), figures.classes.get(ALL, 0)
        rows.append(Row(row.labels, table.numbers(row), ours))
    counts = next(iter(runs.values())).counts()
    notes = (*table.notes, f"Ours: {counts['train']} training and {counts['test']} test cases, {classes} disorders.")
    title = f"Table {number}. {table.title}"
    return ExperimentTable(f"table_{number}", title, table.label_titles, table.metrics, tuple(rows), notes)
