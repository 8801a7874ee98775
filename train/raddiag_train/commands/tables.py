"""raddiag tables: fusion and knowledge on and off, and poolings in place of fusion (Tables 5, 7 and 8)."""

from __future__ import annotations

import argparse
from typing import Any

from raddiag_train.commands.experiment_arguments import add_run_arguments


def add_parser(subparsers: Any) -> None:
    """Register `raddiag tables`."""
    parser = subparsers.add_parser(
        "tables",
        help="Tables 5, 7, 8: fusion, knowledge and pooling",
        description="At disorder and ICD-10-CM level: a scan-level classifier, whose predictions are pooled at random, "
        "by maximum and by mean, the fusion module, and the fusion module with a knowledge head. Run again it goes on.",
    )
    add_run_arguments(parser)
    parser.add_argument(
        "--tables", nargs="+", type=int, choices=(5, 7, 8), default=[5, 7, 8], metavar="N", help="of 5, 7 and 8"
    )
    parser.add_argument(
        "--knowledge",
        default="",
        metavar="E",
        help="knowledge encoder for the runs with knowledge: its folder, a run of `raddiag knowledge pretrain`, or "
        "hashed_ngram (default: the recipe's; without one these runs are left out)",
    )
    parser.add_argument(
        "--encoder", metavar="M", help="model whose encoder and preparation all runs start from (default: from scratch)"
    )
    parser.add_argument(
        "--frozen-encoder",
        action="store_true",
        help="with --encoder: learn fusion and classifier alone, on its embeddings; minutes on a CPU",
    )
    parser.add_argument(
        "--join",
        type=int,
        default=1,
        metavar="N",
        help="for phantoms: make a case of N bodies of different anatomies, for cases of many scans",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Plan, run and write the tables."""
    from dataclasses import replace

    from raddiag_engine.errors import ConfigError
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
    from raddiag_train.experiments.benchmark import (
        benchmark_runs,
        benchmark_table,
        levels_of,
        with_starting_models,
    )
    from raddiag_train.experiments.joined_cases import joined
    from raddiag_train.experiments.paper_numbers import paper_table

    if args.frozen_encoder and not args.encoder:
        raise ConfigError("--frozen-encoder needs --encoder, the model whose encoder it is")
    tables = {number: paper_table(f"table_{number}") for number in sorted(set(args.tables))}
    recipe = base_recipe(args)
    levels = levels_of(list(tables.values()))
    knowledge = (args.knowledge or recipe.derive().knowledge.encoder) if 5 in tables else ""
    records = joined(read_all_cases(recipe), args.join, recipe.derive().run.seed)
    encoder = load_model(find_model(args.encoder)) if args.encoder else None
    runs = benchmark_runs(paper_table("table_5"), recipe, records, levels, knowledge, encoder)
    if args.frozen_encoder:
        runs = {name: replace(run, frozen_encoder=True) for name, run in runs.items()}
    execution = execution_of(args, recipe.derive().data.cache_folder)
    if args.dry_run:
        print_plan(runs, execution)
        return 0
    if encoder is not None:
        runs = with_starting_models(runs, encoder, args.output / "starting_models")
    if status := make_runs(runs, execution):
        return status
    write_tables([benchmark_table(number, table, runs, execution) for number, table in tables.items()], args.output)
    return 0
