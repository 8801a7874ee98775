"""`raddiag data phantom`: synthetic cases with lesion masks."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any


def add_parser(data_subparsers: Any) -> None:
    """Register `raddiag data phantom`."""
    parser = data_subparsers.add_parser(
        "phantom",
        help="make synthetic cases with lesion masks",
        description="Make synthetic cases of chest, head, abdomen and knee, several scans of one body each, with "
        "lesion masks and cases.jsonl. The same seed gives the same files; an interrupted run goes on where it was.",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder to write to")
    parser.add_argument("--cases", type=int, default=1600, metavar="N", help="how many (default 1600)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the set (default 0)")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes (default 1)")
    parser.add_argument(
        "--splits",
        type=float,
        nargs=3,
        metavar=("TRAIN", "VALIDATION", "TEST"),
        help="fractions (default 0.7 0.1 0.2; with --unseen 0 0 1)",
    )
    parser.add_argument(
        "--unseen",
        action="store_true",
        help="a test set for the open vocabulary: most cases have a rare disorder that phantoms have in no other set",
    )
    parser.add_argument("--format", choices=("nifti", "dicom"), default="nifti", help="of the scans (default nifti)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the data set."""
    from raddiag_train.phantoms.writing import write_phantoms
    from raddiag_train.progress import progress_bar

    # In a file of errors a bar would stand before the one line that matters.
    with progress_bar(visible=sys.stderr.isatty()) as bar:
        task = bar.add_task("phantoms", total=args.cases)
        path = write_phantoms(
            args.output,
            cases=args.cases,
            seed=args.seed,
            workers=args.workers,
            splits=tuple(args.splits) if args.splits else None,
            file_format=args.format,
            unseen=args.unseen,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    print(path)
    return 0
