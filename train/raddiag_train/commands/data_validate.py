"""raddiag data validate: check a cases.jsonl before hours are spent on it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

EXIT_FAULTS = 1


def add_parser(subparsers: Any) -> None:
    """Register `raddiag data validate`."""
    parser = subparsers.add_parser(
        "validate",
        help="check files, labels and splits",
        description="List every fault of a data set: missing and unreadable files, unknown disorders, repeated case "
        "ids, patients in two splits. Exits with 1 if there is any.",
    )
    parser.add_argument("cases", type=Path, metavar="CASES.JSONL")
    parser.add_argument("--deep", action="store_true", help="decode every scan")
    parser.add_argument("--model", type=Path, metavar="DIR", help="disorders must be in this model's label space")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check and list."""
    from raddiag_engine.models.card import read_card
    from raddiag_train.data.validate import validate_file
    from raddiag_train.progress import task_progress

    vocabulary = [d.name for d in read_card(args.model / "card.json").disorders] if args.model else None
    with task_progress("checking cases") as progress:
        found = validate_file(args.cases, vocabulary=vocabulary, deep=args.deep, progress=progress)
    for fault in found.faults:
        case = f"case {fault.case_id}: " if fault.case_id else ""
        place = f"{fault.path}: " if fault.path else ""
        print(f"{args.cases}:{fault.line}: {case}{place}{fault.problem}")
    if found.faults:
        faults = "1 fault" if len(found.faults) == 1 else f"{len(found.faults)} faults"
        print(f"raddiag: {args.cases}: {faults} in {found.cases} cases", file=sys.stderr)
        return EXIT_FAULTS
    print(f"{args.cases}: {found.cases} cases, no fault")
    return 0
