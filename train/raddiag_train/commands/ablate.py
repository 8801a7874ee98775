"""raddiag ablate: visual encoder, depth and augmentation on the most frequent disorders (Tables 2, 3 and 4)."""

from __future__ import annotations

import argparse
from typing import Any

from raddiag_train.commands.experiment_arguments import add_run_arguments


def add_parser(subparsers: Any) -> None:
    """Register `raddiag ablate`."""
    parser = subparsers.add_parser(
        "ablate",
        help="Tables 2, 3, 4: encoder, depth and augmentation",
        description="The runs of Tables 2, 3 and 4 on the cases of the 200 disorders with most cases (SubSet@200), "
        "derived from one recipe. A run that serves several tables is made once. Run again, it goes on.",
    )
    add_run_arguments(parser)
    parser.add_argument(
        "--tables", nargs="+", type=int, choices=(2, 3, 4), default=[2, 3, 4], metavar="N", help="of 2, 3 and 4"
    )
    parser.add_argument("--classes", type=int, default=200, metavar="N", help="disorders of the subset (default 200)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Plan, run and write the tables."""
    from raddiag_engine.errors import ConfigError
    from raddiag_train.commands.experiment_arguments import (
        base_recipe,
        execution_of,
        make_runs,
        print_plan,
        read_all_cases,
        write_tables,
    )
    from raddiag_train.experiments.ablation import ablation_runs, ablation_table
    from raddiag_train.experiments.paper_numbers import paper_table

    if args.classes < 1:
        raise ConfigError(f"--classes is {args.classes}, but must be at least 1")
    tables = {number: paper_table(f"table_{number}") for number in sorted(set(args.tables))}
    recipe = base_recipe(args)
    runs = ablation_runs(list(tables.values()), recipe, read_all_cases(recipe), args.classes)
    execution = execution_of(args, recipe.derive().data.cache_folder)
    if args.dry_run:
        print_plan(runs, execution)
        return 0
    if status := make_runs(runs, execution):
        return status
    write_tables([ablation_table(number, table, runs, execution) for number, table in tables.items()], args.output)
    return 0
