"""raddiag knowledge build: training pairs from ICD-10-CM and the user's own knowledge sources."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from raddiag_train.knowledge.concept import Concept
    from raddiag_train.knowledge.pair import KnowledgePair
    from raddiag_train.knowledge.sources.lines import BadLines


def add_parser(subparsers: Any) -> None:
    """Register `raddiag knowledge build`."""
    parser = subparsers.add_parser(
        "build",
        help="make training pairs for the knowledge encoder",
        description="Pairs of names and texts that belong together: synonyms, narrower terms, descriptions; with hard "
        "negatives, and a part kept out of training. ICD-10-CM ships; of the other sources you give your own files.",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="F", help="pairs.jsonl to write")
    parser.add_argument("--no-icd10cm", action="store_true", help="leave ICD-10-CM out")
    parser.add_argument("--obo", type=Path, metavar="F", help="Disease Ontology, or another ontology in OBO format")
    parser.add_argument("--sssom", type=Path, metavar="F", help="mappings of MONDO as SSSOM table")
    parser.add_argument("--umls", type=Path, metavar="F", help="MRCONSO.RRF of your licensed UMLS")
    parser.add_argument("--umls-definitions", type=Path, metavar="F", help="its MRDEF.RRF")
    parser.add_argument("--radiopaedia", type=Path, metavar="F", help="your export of articles, JSON or JSON lines")
    parser.add_argument("--held-out", type=float, default=0.1, help="share of the names kept out of training (0.1)")
    parser.add_argument("--hard-negatives", type=int, default=4, metavar="N", help="most hard negatives of a pair (4)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--skip-bad-lines", action="store_true", help="leave lines at fault out, and list them")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read, pair, write, and say how many of what came from where."""
    from raddiag_engine.errors import ConfigError
    from raddiag_train.knowledge.pair import write_pairs
    from raddiag_train.knowledge.pairs import PairConfig, make_pairs
    from raddiag_train.knowledge.sources.lines import BadLines

    if args.umls_definitions and not args.umls:
        raise ConfigError("--umls-definitions needs --umls: MRDEF.RRF does not say what its concepts are called")
    try:
        config = PairConfig(args.held_out, args.hard_negatives, args.seed)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    bad = BadLines(skip=args.skip_bad_lines)
    pairs = list(make_pairs(_concepts(args, bad), config))
    for fault in bad.first:
        print(f"left out: {fault}", file=sys.stderr)
    if bad.count > len(bad.first):
        print(f"left out: {bad.count - len(bad.first)} further lines", file=sys.stderr)
    if not pairs:
        raise ConfigError("the sources make no pair; give at least one, or ICD-10-CM")
    write_pairs(args.output, pairs)
    _print_counts(pairs)
    print(f"{args.output}: {len(pairs)} pairs")
    return 0


def _concepts(args: argparse.Namespace, bad: BadLines) -> Iterator[Concept]:
    """The concepts of every source asked for."""
    from raddiag_engine.icd10cm import icd10cm
    from raddiag_train.knowledge.sources.icd10cm import icd10cm_concepts
    from raddiag_train.knowledge.sources.obo import obo_concepts
    from raddiag_train.knowledge.sources.radiopaedia import radiopaedia_concepts
    from raddiag_train.knowledge.sources.sssom import sssom_concepts
    from raddiag_train.knowledge.sources.umls import umls_concepts

    if not args.no_icd10cm:
        yield from icd10cm_concepts(icd10cm())
    if args.obo:
        yield from _some(obo_concepts(args.obo, args.obo.name, bad), args.obo, "no term in use")
    if args.sssom:
        yield from _some(sssom_concepts(args.sssom, args.sssom.name, bad), args.sssom, "no mapping of disorders")
    if args.umls:
        coded = "no English concept with a code of ICD-10-CM"
        yield from _some(umls_concepts(args.umls, args.umls_definitions, "UMLS", bad), args.umls, coded)
    if args.radiopaedia:
        yield from _some(radiopaedia_concepts(args.radiopaedia, "Radiopaedia", bad), args.radiopaedia, "no article")


def _some(concepts: Iterable[Concept], path: Path, nothing: str) -> Iterator[Concept]:
    """The concepts of a file; a file that has none is another one than was meant.

    Raises:
        ConfigError: There is none.
    """
    from raddiag_engine.errors import ConfigError

    found = False
    for concept in concepts:
        found = True
        yield concept
    if not found:
        raise ConfigError(f"{path}: holds {nothing}; name another file, or leave the option away")


def _print_counts(pairs: list[KnowledgePair]) -> None:
    from collections import Counter

    from rich.console import Console
    from rich.table import Table

    from raddiag_train.knowledge.pair import KINDS

    counts = Counter((pair.source, pair.kind, pair.part) for pair in pairs)
    table = Table("source", "pairs of", "training", "held out")
    for column in table.columns[2:]:
        column.justify = "right"
    for source in dict.fromkeys(pair.source for pair in pairs):
        for kind in KINDS:
            training, held_out = counts[source, kind, "train"], counts[source, kind, "held_out"]
            if training or held_out:
                table.add_row(source, kind, str(training), str(held_out))
    Console().print(table)
