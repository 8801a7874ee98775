"""Disorders that a model never learned, scored by the text of their names: AUC with 95 % intervals, and the mean.

A bundled model, or any model with a knowledge head, on phantoms of disorders that are made for this alone:

    raddiag data phantom --unseen --cases 300 --seed 4 --output phantoms_unseen
    python benchmarks/unseen_disorders.py demo --cases phantoms_unseen/cases.jsonl

A training run that left some of its disorders out:

    raddiag train demo_knowledge --set 'data.cases=["phantoms/cases.jsonl"]' --output run
    python benchmarks/unseen_disorders.py run --cases phantoms_test/cases.jsonl --left-out-of phantoms/cases.jsonl

The names are those of --disorder and --vocabulary, else every disorder of the cases that the model does not know.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from raddiag_engine.configuration import to_mapping
from raddiag_engine.diagnosis.vocabulary import read_vocabulary
from raddiag_engine.errors import ConfigError, RaddiagError
from raddiag_engine.models.folder import load_model
from raddiag_engine.models.registry import find_model
from raddiag_train.evaluation.evaluate import cases_of_split
from raddiag_train.evaluation.unseen_disorders import AreaUnderCurve, UnseenResult, evaluate_unseen, never_learned
from raddiag_train.training.config import read_config
from raddiag_train.training.training_data import read_cases


def main() -> None:
    """Evaluate a run and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="name or folder of a model, or folder of a training run")
    parser.add_argument("--cases", type=Path, required=True, help="cases.jsonl that has cases of the disorders")
    parser.add_argument("--split", default="test", help='cases of this split, or "all" (default test)')
    parser.add_argument(
        "--left-out-of", type=Path, help="cases.jsonl of the run: those it left out, for these disorders, count too"
    )
    parser.add_argument("--disorder", action="append", default=[], help="a disorder that the model never learned")
    parser.add_argument("--vocabulary", type=Path, help="file of such disorders, a name a line")
    parser.add_argument("--cache", type=Path, help='folder of prepared scans (default "prepared" beside the cases)')
    parser.add_argument("--encoder", type=Path, help="folder of the knowledge encoder, if the model does not hold it")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    args = parser.parse_args()
    try:
        results = _evaluate(args)
    except RaddiagError as error:
        raise SystemExit(f"unseen_disorders: {error}") from None
    table = Table("never learned", "cases", "AUC, all cases", "AUC, same region", "nearest learned", "its AUC there")
    for result in results:
        figures = (result.all_cases, result.same_region, result.nearest_same_region)
        everywhere, here, near = map(_text, figures)
        table.add_row(result.name or "mean", str(result.positives), everywhere, here, result.nearest, near)
    Console().print(table)
    if args.json:
        args.json.write_text(json.dumps([to_mapping(result) for result in results], indent=1) + "\n", encoding="utf-8")


def _evaluate(args: argparse.Namespace) -> tuple[UnseenResult, ...]:
    run = Path(args.model)
    data = read_config(run / "config.toml").data if (run / "config.toml").is_file() else None
    if args.left_out_of and data is None:
        raise ConfigError(f"{args.model}: is no training run, so it left no cases out; leave --left-out-of away")
    model = load_model(run / "model" if data else find_model(args.model))
    records = cases_of_split(read_cases(args.cases), args.split)
    names = list(args.disorder)
    names += [disorder.name for disorder in read_vocabulary(args.vocabulary)] if args.vocabulary else []
    if data and args.left_out_of:
        wanted = set(names or data.exclude_disorders)
        left_out = [record for record in read_cases(args.left_out_of) if wanted.intersection(record.disorders)]
        records += [record for record in left_out if record.split in (data.train_split, data.validation_split)]
    names = names or list(never_learned(model.card, records))
    cache = args.cache or args.cases.parent / "prepared"
    return evaluate_unseen(model, records, names, cache, encoder_folder=args.encoder)


def _text(figure: AreaUnderCurve) -> str:
    low, high = figure.interval
    return f"{figure.value:.3f} ({low:.3f}-{high:.3f})"


if __name__ == "__main__":
    main()
