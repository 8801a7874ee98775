"""Table 6, with the figures of the released version and of its "S.T." rows where they are about the same runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from raddiag_train.experiments.execution import WITHOUT_TWINS, Execution, figures_of
from raddiag_train.experiments.fine_tuning import SCRATCH, FineTuning
from raddiag_train.experiments.paper_numbers import PaperRow, PaperTable
from raddiag_train.experiments.run_figures import WITH_NORMAL
from raddiag_train.experiments.table import ExperimentTable, Row

METRICS = ("auc", "f1", "mcc", "acc", "accuracy")
BEST_KNOWN, SUPERVISED = "best known", "S.T."


def fine_tuning_table(
    tables: Sequence[PaperTable], zero_shot: PaperTable, tunings: Sequence[FineTuning], execution: Execution
) -> ExperimentTable:
    """A row a data set, portion and start.

    Args:
        tables: With AUC; the first that has a row counts.
        zero_shot: With the "S.T." rows: F1, MCC and ACC of training from scratch on a portion.
        tunings: The runs.
        execution: Where their figures are.
    """
    rows: list[Row] = []
    fused = dict.fromkeys(tuning.source for tuning in tunings if not tuning.single_image)
    for tuning in tunings:
        counts = tuning.run.counts()
        labels = (
            tuning.source or "cases",
            str(tuning.portion),
            str(counts["train"]),
            tuning.start,
            str(counts["test"]),
        )
        paper = _paper(tables, zero_shot, tuning)
        figures = figures_of(tuning.run, execution) if execution.is_finished(tuning.run) else None
        rows.append(Row(labels, paper, figures.groups.get(WITH_NORMAL, {}) if figures else {}))
        if figures and (apart := figures.groups.get(WITH_NORMAL + WITHOUT_TWINS)):
            alone = figures.cases.get("test without twins", 0)
            rows.append(Row((*labels[:4], f"{alone} without twins"), {}, apart))
    for source in dict.fromkeys(tuning.source for tuning in tunings):
        for table, row in _rows_of(tables, source):
            if row.labels[2] == BEST_KNOWN:
                rows.append(Row((source, row.portion, "", BEST_KNOWN, ""), table.numbers(row)))
                break
    notes = [
        'Means over the classes, "Normal" included; F1, MCC and ACC at the thresholds of best F1 on the validation '
        "cases, which are no part of the portion; ACC is the mean over the classes of the share of cases on the right "
        "side, accuracy the share of cases whose most probable class is right.",
        "Sources of the paper's numbers: " + "; ".join((*(table.source for table in tables), zero_shot.source)) + ".",
    ]
    if fused:
        notes.append(f"The fusion module is kept for {', '.join(fused)}, whose cases have several scans.")
    titles = ("data set", "portion", "training cases", "start", "test cases")
    title = "Table 6. Fine-tuning on external data sets"
    return ExperimentTable("table_6", title, titles, METRICS, tuple(rows), tuple(notes))


def _paper(tables: Sequence[PaperTable], zero_shot: PaperTable, tuning: FineTuning) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for table, row in _rows_of(tables, tuning.source):
        if row.labels[2] == tuning.start and row.portion == str(tuning.portion):
            numbers = table.numbers(row)
            break
    if tuning.start == SCRATCH:
        for table, row in _rows_of([zero_shot], tuning.source):
            if row.labels[1] == SUPERVISED and _same_portion(row, tuning):
                numbers |= table.numbers(row)
    return numbers


def _same_portion(row: PaperRow, tuning: FineTuning) -> bool:
    return row.portion == str(tuning.portion) or row.cases == tuning.portion.cases > 0


def _rows_of(tables: Sequence[PaperTable], source: str) -> Iterator[tuple[PaperTable, PaperRow]]:
    for table in tables:
        yield from ((table, row) for row in table.row if source in row.sources)
