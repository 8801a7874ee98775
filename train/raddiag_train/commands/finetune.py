"""raddiag finetune: training on portions of external data sets, from scratch and from a model (Table 6)."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from raddiag_train.commands.experiment_arguments import add_run_arguments

if TYPE_CHECKING:
    from raddiag_train.data.records import CaseRecord


def add_parser(subparsers: Any) -> None:
    """Register `raddiag finetune`."""
    parser = subparsers.add_parser(
        "finetune",
        help="Table 6: learn external data sets, from scratch and from a model",
        description="Each data set, on 1, 10, 30 and 100 %% of its training cases, from scratch and from a model. "
        "Where each case is a single image the fusion module is left out; the last layer is new. Run again it goes on.",
    )
    add_run_arguments(parser)
    parser.add_argument("--model", metavar="M", help="model to fine-tune; without it, training from scratch only")
    parser.add_argument("--data-sets", nargs="+", default=[], metavar="NAME", help="sources in F (default: all)")
    parser.add_argument(
        "--portions",
        nargs="+",
        default=["1", "10", "30", "100"],
        metavar="P",
        help="per cent of the training cases, or a number of them such as n571 (default: 1 10 30 100)",
    )
    parser.add_argument(
        "--split",
        metavar="RATIO",
        help="divide each data set anew, such as 7:1:2, by patient or near-duplicates (default: the splits in F)",
    )
    parser.add_argument(
        "--by-image",
        action="store_true",
        help="with --split: near-duplicates may lie in two parts; figures without them are reported beside",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Plan, run and write the table."""
    from raddiag_engine.models.folder import load_model
    from raddiag_engine.models.registry import find_model
    from raddiag_train.commands.experiment_arguments import (
        base_recipe,
        execution_of,
        make_runs,
        print_plan,
        read_all_cases,
        write_tables,
    )
    from raddiag_train.experiments.fine_tuning import data_sets, fine_tunings
    from raddiag_train.experiments.fine_tuning_table import fine_tuning_table
    from raddiag_train.experiments.paper_numbers import paper_table
    from raddiag_train.experiments.portions import parse_portion
    from raddiag_train.experiments.starting_model import write_starting_model

    portions = [parse_portion(text) for text in args.portions]
    recipe = base_recipe(args)
    records = read_all_cases(recipe, divided=args.split is None)
    execution = execution_of(args, recipe.derive().data.cache_folder, twins=args.by_image)
    model = load_model(find_model(args.model)) if args.model else None
    tunings = []
    for source, cases in data_sets(records, args.data_sets).items():
        divided = _divided(cases, args.split, by_image=args.by_image, seed=recipe.derive().run.seed)
        start = args.output / "starting_models" / (source or "cases")
        planned = fine_tunings(source, divided, portions, recipe, model, start)
        if model is not None and not args.dry_run and not start.exists():
            network = planned[0].run.config.network
            write_starting_model(model, network, start, keep_fusion=not planned[0].single_image)
        tunings += planned
    runs = {tuning.run.name: tuning.run for tuning in tunings}
    if args.dry_run:
        print_plan(runs, execution)
        return 0
    if status := make_runs(runs, execution):
        return status
    tables = [paper_table("table_6"), paper_table("fine_tuning_release")]
    write_tables([fine_tuning_table(tables, paper_table("zero_shot"), tunings, execution)], args.output)
    return 0


def _divided(cases: Sequence[CaseRecord], ratio: str | None, *, by_image: bool, seed: int) -> Sequence[CaseRecord]:
    """The cases of a data set with their splits, or with new ones."""
    from raddiag_engine.errors import ConfigError
    from raddiag_train.commands.data_split import split_with_progress
    from raddiag_train.data.split import parse_ratio, split_by_image

    if ratio is None:
        if by_image:
            raise ConfigError("--by-image says how to divide anew; give --split as well, such as --split 7:1:2")
        return cases
    split = split_by_image if by_image else split_with_progress
    return split(cases, parse_ratio(ratio), seed)
