"""raddiag knowledge search: disorders that answer a text, from a model's card or the whole of ICD-10-CM."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register `raddiag knowledge search`."""
    parser = subparsers.add_parser(
        "search",
        help="rank disorders by a text",
        description="Disorders that answer a name or a description best: by the words they share, whatever their order "
        "and spelling, or with --encoder by meaning. A list to look through, not a diagnosis.",
    )
    parser.add_argument("text", metavar="TEXT", help='such as "sudden chest pain, absent lung markings"')
    parser.add_argument("--model", metavar="M", help="search the disorders of this model (default: all of ICD-10-CM)")
    parser.add_argument(
        "--pairs", type=Path, metavar="F", help="pairs.jsonl: search its synonyms and descriptions as well"
    )
    parser.add_argument(
        "--encoder",
        metavar="E",
        help='rank by meaning, not by words: an encoder\'s folder or run, a repository of the hub, or "hashed_ngram"',
    )
    parser.add_argument("--top", type=int, default=10, help="most disorders to show (10)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Search and print a table; 1 if nothing was found."""
    from rich.console import Console
    from rich.table import Table

    from raddiag_engine.errors import ConfigError
    from raddiag_engine.models.card import read_card
    from raddiag_engine.models.registry import find_model
    from raddiag_train.knowledge.lexical_search import LexicalSearch
    from raddiag_train.knowledge.pair import read_pairs
    from raddiag_train.knowledge.searched_disorder import disorders_of_card, disorders_of_icd10cm, with_pairs

    if not args.text.strip():
        raise ConfigError("the text is empty; name a disorder, or describe what is seen")
    if args.top < 1:
        raise ConfigError(f"--top is {args.top}, but must be at least 1")
    if args.model:
        disorders = disorders_of_card(read_card(find_model(args.model) / "card.json"))
    else:
        disorders = disorders_of_icd10cm()
    if args.pairs:
        disorders = with_pairs(disorders, read_pairs(args.pairs))
    if args.encoder:
        from raddiag_train.knowledge.meaning_search import search_by_meaning

        found = search_by_meaning(disorders, args.encoder).search(args.text, args.top)
    else:
        found = LexicalSearch(disorders).search(args.text, args.top)
    if not found:
        print("no disorder shares a word with this text")
        return 1
    table = Table("", "disorder", "ICD-10-CM", "found by")
    table.add_column("score", justify="right")
    for rank, hit in enumerate(found, start=1):
        codes = ", ".join(hit.disorder.icd10cm)
        table.add_row(str(rank), hit.disorder.name, codes, hit.text, f"{hit.score:.2f}")
    Console().print(table)
    return 0
