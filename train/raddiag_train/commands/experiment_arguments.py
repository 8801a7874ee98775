"""What `raddiag ablate`, `tables`, `finetune` and `zeroshot` have in common."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from raddiag_train.data.records import CaseRecord
    from raddiag_train.experiments.base_recipe import BaseRecipe
    from raddiag_train.experiments.execution import Execution
    from raddiag_train.experiments.planned_run import PlannedRun
    from raddiag_train.experiments.table import ExperimentTable

EXIT_STOPPED = 143


def add_run_arguments(parser: Any) -> None:
    """The recipe and what is laid over it; cases, output, and how the runs are judged."""
    parser.add_argument("config", metavar="CONFIG", help="base recipe: a TOML file, or the name of a bundled one")
    parser.add_argument(
        "--set",
        dest="assignments",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="lay a value over the recipe of every run, but for what the rows of a table differ in; may be repeated",
    )
    parser.add_argument("--dry-run", action="store_true", help="list the runs, and make none")
    add_judging_arguments(parser)


def add_judging_arguments(parser: Any) -> None:
    """Cases, output, and how models are judged."""
    parser.add_argument(
        "--cases",
        type=Path,
        nargs="+",
        default=[],
        metavar="F",
        help="cases.jsonl files (default: those of the recipe)",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="a folder a run, and the tables")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="of the evaluation")
    parser.add_argument("--resamples", type=int, default=1000, help="of the bootstrap for 95 %% intervals; 0 for none")


def base_recipe(args: argparse.Namespace) -> BaseRecipe:
    """The recipe with the cases of the command line."""
    import json

    from raddiag_train.experiments.base_recipe import BaseRecipe
    from raddiag_train.training.config import find_recipe

    # Once read, a recipe holds absolute paths.
    cases = [f"data.cases={json.dumps([str(file.resolve()) for file in args.cases])}"] if args.cases else []
    return BaseRecipe(find_recipe(args.config), (*cases, *args.assignments))


def read_all_cases(recipe: BaseRecipe, *, divided: bool = True) -> list[CaseRecord]:
    """The cases of the recipe, whose files all exist, without those of any split that have an excluded disorder.

    Args:
        recipe: Says which.
        divided: Their splits are kept; False if they are divided anew.

    Raises:
        ConfigError: A file or line is wrong, a scan's file is missing, no case has an excluded disorder, or a patient
            lies in two splits that are kept.
    """
    from raddiag_train.data.case_lines import refuse_divided_patients
    from raddiag_train.data.held_out_disorders import without_disorders
    from raddiag_train.training.training_data import read_cases

    data = recipe.derive().data
    files = [Path(file) for file in data.cases]
    records = [record for file in files for record in read_cases(file)]
    if divided:
        refuse_divided_patients(records, files)
    return without_disorders(records, data.exclude_disorders, {record.split for record in records})


def execution_of(args: argparse.Namespace, cache: Path, *, twins: bool = False) -> Execution:
    """How the command line wants the runs made.

    Raises:
        ConfigError: --resamples is negative.
    """
    from raddiag_engine.errors import ConfigError
    from raddiag_train.experiments.execution import Execution

    if args.resamples < 0:
        raise ConfigError(f"--resamples is {args.resamples}, but must be 0 or more")
    return Execution(args.output, cache, args.device, args.resamples, twins)


def print_plan(runs: Mapping[str, PlannedRun], execution: Execution) -> None:
    """List the runs: name, cases, and where each stands."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table("run", "training", "validation", "test", "state", box=SIMPLE_HEAD)
    for name, run in runs.items():
        counts = [str(count) for count in run.counts().values()]
        started = execution.folder(run).exists()
        state = "finished" if execution.is_finished(run) else "begun" if started else "to do"
        table.add_row(name, *counts, state)
    Console().print(table)


def make_runs(runs: Mapping[str, PlannedRun], execution: Execution) -> int:
    """Make the runs that are not finished, in order; 0, or 143 if a signal stopped one.

    Raises:
        ConfigError: A run lacks test cases, or a folder holds another run.
        RaddiagError: As training and evaluation.
    """
    import sys

    from raddiag_engine.errors import ConfigError
    from raddiag_train.experiments.execution import Stopped, execute

    for name, run in runs.items():
        if missing := [split for split, count in run.counts().items() if not count]:
            raise ConfigError(f"{name}: no case is in the split {missing[0]!r}; divide them with `raddiag data split`")
    for place, (name, run) in enumerate(runs.items(), 1):
        state = ", finished before" if execution.is_finished(run) else ""
        print(f"run {place} of {len(runs)}: {name}{state}", flush=True)
        try:
            execute(run, execution)
        except Stopped as stopped:
            print(stopped, file=sys.stderr)
            return EXIT_STOPPED
    return 0


def write_tables(tables: Sequence[ExperimentTable], output: Path) -> None:
    """Write each table as Markdown and CSV, and print the Markdown."""
    from raddiag_engine.atomic import write_text
    from raddiag_train.experiments.table import to_csv, to_markdown

    for table in tables:
        write_text(output / f"{table.name}.md", to_markdown(table))
        write_text(output / f"{table.name}.csv", to_csv(table))
        print(to_markdown(table))
    print(f"tables: {output}")
