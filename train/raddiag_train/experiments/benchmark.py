"""Tables 5, 7 and 8: with and without fusion and knowledge, and the poolings that stand in for fusion (section 6.2)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from raddiag_engine.models.folder import Model
from raddiag_engine.network.config import NetworkConfig
from raddiag_train.data.label_level import LabelLevel
from raddiag_train.data.records import CaseRecord
from raddiag_train.experiments.base_recipe import BaseRecipe
from raddiag_train.experiments.case_levels import LEVELS, at_level, within_training_labels
from raddiag_train.experiments.differences import difference, drawn_run
from raddiag_train.experiments.execution import Execution, figures_of
from raddiag_train.experiments.paper_numbers import PaperRow, PaperTable
from raddiag_train.experiments.planned_run import PlannedRun
from raddiag_train.experiments.pooled_models import POOLINGS
from raddiag_train.experiments.run_figures import ALL, Metrics
from raddiag_train.experiments.starting_model import of_model, write_starting_model
from raddiag_train.experiments.table import ExperimentTable, Row

TABLES = (5, 7, 8)
FUSION, SCAN_LEVEL, KNOWLEDGE = "fusion", "scan_level", "fusion_knowledge"


def levels_of(tables: Sequence[PaperTable]) -> tuple[LabelLevel, ...]:
    """The label spaces that some tables are about."""
    named = {row.level for table in tables for row in table.row}
    return tuple(level for level in LEVELS if level in named)


def benchmark_runs(
    table_5: PaperTable,
    recipe: BaseRecipe,
    records: Sequence[CaseRecord],
    levels: Sequence[LabelLevel],
    knowledge: str = "",
    encoder: Model | None = None,
) -> dict[str, PlannedRun]:
    """Name -> run: at each level a scan-level classifier, fusion and, if it is given its text, fusion with knowledge.

    Args:
        table_5: Of the paper; it names the runs of tables 7 and 8 as well.
        recipe: That the runs are derived from.
        records: All cases.
        levels: Of the labels.
        knowledge: Encoder that gives the knowledge head its text, as `knowledge.encoder` of a recipe; empty leaves its
            runs out.
        encoder: Model whose encoder, and preparation, all runs start from; fusion and last layer are new in each.

    Raises:
        ConfigError: The recipe or an assignment is wrong.
    """
    runs: dict[str, PlannedRun] = {}
    for level in levels:
        cases = tuple(within_training_labels(at_level(records, level)))
        for row in table_5.row:
            needs_text = row.run.endswith(KNOWLEDGE)
            if row.level == level and row.run not in runs and (knowledge or not needs_text):
                text = [f"knowledge.encoder={json.dumps(knowledge)}"] if needs_text else []
                # The cases have the labels of the level already.
                config = recipe.derive([*row.overrides, *text, "data.label_level=disorder"])
                sha256 = ""
                if encoder is not None:
                    config = of_model(config, encoder, _with_encoder(config.network, encoder.card.network))
                    sha256 = encoder.card.weights_sha256
                runs[row.run] = PlannedRun(row.run, config, cases, pooled=bool(row.pooling), start_sha256=sha256)
    return runs


def with_starting_models(runs: dict[str, PlannedRun], encoder: Model, folder: Path) -> dict[str, PlannedRun]:
    """The runs, each told to start from a model folder that is written below `folder` if it is not there."""
    started = {}
    for name, run in runs.items():
        start = folder / name
        if not start.exists():
            write_starting_model(encoder, run.config.network, start, keep_fusion=False)
        optimisation = replace(run.config.optimisation, initial_model=str(start))
        started[name] = replace(run, config=replace(run.config, optimisation=optimisation))
    return started


def _with_encoder(network: NetworkConfig, theirs: NetworkConfig) -> NetworkConfig:
    """The network with the encoder of another one."""
    return replace(theirs, fusion=replace(network.fusion, modalities=theirs.fusion.modalities), head=network.head)


def benchmark_table(
    number: int, table: PaperTable, runs: dict[str, PlannedRun], execution: Execution
) -> ExperimentTable:
    """The paper's table with the figures of the runs that are finished.

    Below the paper's tiers stand all classes together; tables 7 and 8 end with how much better the fusion module is
    than each pooling, on the same cases.
    """
    rows = [Row(row.labels, table.numbers(row), _ours(row, runs, execution)) for row in table.row]
    together = {(row.level, row.run, row.pooling): row for row in table.row}.values()
    for row in together:
        if ours := _ours(replace(row, group=ALL), runs, execution):
            level, _, *methods = row.labels
            rows.append(Row((level, ALL, *methods), {}, ours))
    notes = [*table.notes]
    if number != 5:
        for level in levels_of([table]):
            rows += _gains(table, level, runs, execution)
        notes.append("The last rows: by how many points the fusion module (table 5) is better, paired bootstrap.")
    missing = sorted({row.run for row in table.row} - runs.keys())
    if any(name.endswith(KNOWLEDGE) for name in missing):
        notes.append("Knowledge enhancement was not run: no encoder was given for its text (--knowledge).")
    counts = {level: _counts(level, runs) for level in levels_of([table])}
    notes += [f"Ours, {level}: {text}." for level, text in counts.items() if text]
    title = f"Table {number}. {table.title}"
    return ExperimentTable(f"table_{number}", title, table.label_titles, table.metrics, tuple(rows), tuple(notes))


def _ours(row: PaperRow, runs: dict[str, PlannedRun], execution: Execution) -> Metrics:
    run = runs.get(row.run)
    if run is None or not execution.is_finished(run):
        return {}
    return figures_of(run, execution, row.pooling).groups.get(row.group, {})


def _counts(level: LabelLevel, runs: dict[str, PlannedRun]) -> str:
    for name, run in runs.items():
        if name.startswith(f"{level}/"):
            counts = run.counts()
            return f"{counts['train']} training, {counts['validation']} validation and {counts['test']} test cases"
    return ""


def _gains(table: PaperTable, level: LabelLevel, runs: dict[str, PlannedRun], execution: Execution) -> list[Row]:
    """A row a group of the fusion module, and one a group and pooling: fusion less the pooling."""
    fusion, scan_level = (runs.get(f"{level}/{name}") for name in (FUSION, SCAN_LEVEL))
    if fusion is None or scan_level is None:
        return []
    if not (execution.is_finished(fusion) and execution.is_finished(scan_level)) or not execution.resamples:
        return []
    fused = drawn_run(execution.folder(fusion), execution.resamples)
    title = table.row[0].labels[0]
    rows = [
        Row((title, group, FUSION), {}, metrics)
        for group, metrics in figures_of(fusion, execution).groups.items()
        if group in {ALL, *(row.group for row in table.row)}
    ]
    for pooling in POOLINGS:
        pooled = drawn_run(execution.folder(scan_level) / pooling, execution.resamples)
        for group in (*dict.fromkeys(row.group for row in table.row), ALL):
            if group in fused.groups:
                gains = difference(fused, pooled, group, table.metrics)
                rows.append(Row((title, group, f"fusion less {pooling}"), {}, gains))
    return rows
