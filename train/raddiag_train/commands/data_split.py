"""raddiag data split: training, validation and test parts that share no patient."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from raddiag_train.data.records import CaseRecord


def add_parser(subparsers: Any) -> None:
    """Register `raddiag data split`."""
    parser = subparsers.add_parser(
        "split",
        help="divide cases by patient",
        description="Divide cases into train, validation and test. Cases of one patient stay together and, where "
        "patients are not named, near-duplicates do, unless --by image says otherwise.",
    )
    parser.add_argument("cases", type=Path, metavar="CASES.JSONL")
    parser.add_argument("--ratio", default="7:1:2", help="training:validation:test (default 7:1:2)")
    parser.add_argument("--output", type=Path, required=True, metavar="F", help="cases.jsonl to write")
    parser.add_argument(
        "--by",
        choices=("patient", "image"),
        default="patient",
        help="patient: where none is named, by group of near-duplicates. image: each case by itself, near-duplicates "
        "too, to show what that does to the figures; refused where any case names its patient (default: patient)",
    )
    parser.add_argument("--keep", action="store_true", help="leave cases where they are that have a split")
    parser.add_argument("--seed", type=int, default=0)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read, divide, write, and say how many went where."""
    from collections import Counter

    from raddiag_train.data.records import SPLITS, read_records, write_records
    from raddiag_train.data.split import parse_ratio, split_by_image

    ratio = parse_ratio(args.ratio)
    records = read_records(args.cases)
    divided = split_by_image if args.by == "image" else split_with_progress
    records = divided(records, ratio, args.seed, keep=args.keep)
    write_records(args.output, records)
    counts = Counter(record.split for record in records)
    print(f"{args.output}: " + ", ".join(f"{counts[split]} {split}" for split in SPLITS))
    if args.by == "image":
        print("near-duplicates may lie in two parts; evaluate with --twins-of to have the figures without them as well")
    return 0


def split_with_progress(
    records: Sequence[CaseRecord], ratio: tuple[float, float, float], seed: int, *, keep: bool = False
) -> list[CaseRecord]:
    """Split by patient or near-duplicate group, with a bar while the pictures are compared.

    Raises:
        ReadError: A file cannot be read.
        ConfigError: With `keep`, one patient already lies in two splits.
    """
    from raddiag_train.data.patient_groups import inseparable_groups
    from raddiag_train.data.split import split_records
    from raddiag_train.progress import progress_bar

    with progress_bar() as bar:
        task = bar.add_task("comparing pictures", total=None, visible=False)
        groups = inseparable_groups(
            records, progress=lambda done, total: bar.update(task, completed=done, total=total, visible=True)
        )
    return split_records(records, groups, ratio, seed, keep=keep)
