"""raddiag knowledge evaluate: encoders and BM25 on the names and texts that were kept out of training."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from raddiag_train.knowledge.evaluation import Figure
    from raddiag_train.knowledge.pair import KnowledgePair
    from raddiag_train.knowledge.retrieval import Scorer

UNTRAINED = "untrained"


def add_parser(subparsers: Any) -> None:
    """Register `raddiag knowledge evaluate`."""
    parser = subparsers.add_parser(
        "evaluate",
        help="judge encoders on names kept out of training",
        description="Synonym retrieval among all ICD-10-CM categories, hierarchy in the right order, definition to "
        "name; BM25 is always there to compare with. Intervals are 95 %% by bootstrap over the queries.",
    )
    parser.add_argument("pairs", type=Path, metavar="PAIRS.JSONL")
    parser.add_argument(
        "--encoder",
        dest="encoders",
        action="append",
        default=[],
        metavar="E",
        help=f'folder of an encoder or of a run, or "{UNTRAINED}" for the small one before training; may be repeated',
    )
    parser.add_argument("--queries", type=int, default=1500, metavar="N", help="most queries of a question (1500)")
    parser.add_argument("--json", type=Path, metavar="F", help="write the figures as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Judge, print a table, and write what was asked for."""
    import json

    from raddiag_engine.atomic import write_text
    from raddiag_engine.configuration import to_mapping
    from raddiag_engine.errors import ConfigError
    from raddiag_train.knowledge.evaluation import build_tasks, evaluate_knowledge
    from raddiag_train.knowledge.pair import read_pairs

    if args.queries < 1:
        raise ConfigError(f"--queries is {args.queries}, but must be at least 1")
    pairs = read_pairs(args.pairs)
    tasks = build_tasks(pairs, args.queries)
    if not (tasks.retrieval or tasks.order):
        raise ConfigError(f"{args.pairs}: nothing is kept out of training; build it with --held-out above 0")
    results = {scorer.name: evaluate_knowledge(scorer, tasks) for scorer in _scorers(args.encoders, pairs)}
    _print(results)
    if args.json:
        write_text(
            args.json, json.dumps({name: to_mapping(figures) for name, figures in results.items()}, indent=1) + "\n"
        )
    return 0


def _scorers(encoders: list[str], pairs: Sequence[KnowledgePair]) -> Iterator[Scorer]:
    """BM25, then the encoders under what they were called by."""
    from raddiag_engine.knowledge.encoder_folder import encoder_of_folder_or_run
    from raddiag_engine.knowledge.encoder_source import encoder_folder
    from raddiag_train.knowledge.pretraining_config import EncoderConfig
    from raddiag_train.knowledge.retrieval import Bm25Scorer, EncoderScorer
    from raddiag_train.knowledge.starting_encoder import starting_encoder

    yield Bm25Scorer()
    for given in dict.fromkeys(encoders):
        if given == UNTRAINED:
            training = [pair for pair in pairs if pair.part == "train"]
            yield EncoderScorer(starting_encoder(EncoderConfig(), training, seed=0), given)
        else:
            yield EncoderScorer(encoder_of_folder_or_run(encoder_folder(given)), given)


def _print(results: dict[str, tuple[Figure, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("", "queries")
    for name in results:
        table.add_column(name, justify="right")
    for row, figure in enumerate(next(iter(results.values()))):
        values = [
            f"{f.value:.3f} ({f.interval[0]:.3f}-{f.interval[1]:.3f})" for f in (r[row] for r in results.values())
        ]
        table.add_row(figure.name, str(figure.queries), *values)
    Console().print(table)
