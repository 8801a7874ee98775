"""Disorders that were kept out of training, scored by the text of their names: AUC with 95 % intervals.

    raddiag train demo_knowledge --set 'data.cases=["phantoms/cases.jsonl"]' --output run
    python benchmarks/unseen_disorders.py run --cases phantoms_test/cases.jsonl --left-out-of phantoms/cases.jsonl

The names are those of the recipe's data.exclude_disorders, unless --disorder names others.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from raddiag_engine.configuration import to_mapping
from raddiag_engine.models.folder import load_model
from raddiag_train.evaluation.evaluate import cases_of_split
from raddiag_train.evaluation.unseen_disorders import AreaUnderCurve, evaluate_unseen
from raddiag_train.training.config import read_config
from raddiag_train.training.training_data import read_cases


def main() -> None:
    """Evaluate a run and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a training run")
    parser.add_argument("--cases", type=Path, required=True, help="cases.jsonl that has cases of the disorders")
    parser.add_argument("--split", default="test", help='cases of this split, or "all" (default test)')
    parser.add_argument(
        "--left-out-of", type=Path, help="cases.jsonl of the run: those it left out, for these disorders, count too"
    )
    parser.add_argument("--disorder", action="append", default=[], help="a disorder left out of training")
    parser.add_argument("--cache", type=Path, help='folder of prepared scans (default "prepared" beside the cases)')
    parser.add_argument("--encoder", type=Path, help="folder of the knowledge encoder, if the model does not hold it")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    args = parser.parse_args()
    data = read_config(args.run / "config.toml").data
    names = args.disorder or list(data.exclude_disorders)
    records = cases_of_split(read_cases(args.cases), args.split)
    if args.left_out_of:
        left_out = [r for r in read_cases(args.left_out_of) if set(names).intersection(r.disorders)]
        records += [record for record in left_out if record.split in (data.train_split, data.validation_split)]
    results = evaluate_unseen(
        load_model(args.run / "model"),
        records,
        names,
        args.cache or args.cases.parent / "prepared",
        encoder_folder=args.encoder,
    )
    table = Table("never learned", "cases", "AUC, all cases", "AUC, same region", "nearest learned", "its AUC there")
    for result in results:
        figures = (result.all_cases, result.same_region, result.nearest_same_region)
        everywhere, here, near = map(_text, figures)
        table.add_row(result.name or "mean", str(result.positives), everywhere, here, result.nearest, near)
    Console().print(table)
    if args.json:
        args.json.write_text(json.dumps([to_mapping(result) for result in results], indent=1) + "\n", encoding="utf-8")


def _text(figure: AreaUnderCurve) -> str:
    low, high = figure.interval
    return f"{figure.value:.3f} ({low:.3f}-{high:.3f})"


if __name__ == "__main__":
    main()
