"""raddiag data import-rp3d: the released RP3D-DiagDS becomes cases.jsonl."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register `raddiag data import-rp3d`."""
    parser = subparsers.add_parser(
        "import-rp3d",
        help="cases from the released RP3D-DiagDS",
        description="Cases from train.json and test.json of the release and the .npy files below --images. Validation "
        "cases are taken from the training part, 1 of 8 as in the paper. Labels are held against "
        "disorder_label_dict.json and icd10_label_dict.json where they lie beside the JSON files.",
    )
    parser.add_argument("root", type=Path, metavar="ROOT", help="folder of train.json and test.json")
    parser.add_argument("--images", type=Path, metavar="DIR", help="folder of the .npy files (default: ROOT)")
    parser.add_argument("--output", type=Path, required=True, metavar="F", help="cases.jsonl to write")
    parser.add_argument("--no-validation", action="store_true", help="leave all of train.json in training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--skip-faulty", action="store_true", help="write the cases that are without fault")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read both files, say what is wrong, take validation cases and write."""
    from raddiag_engine.errors import ConfigError
    from raddiag_train.commands.data_import import counted, report_faults
    from raddiag_train.commands.data_split import split_with_progress
    from raddiag_train.data.records import CaseRecord, write_records
    from raddiag_train.data.rp3d import import_rp3d, read_vocabulary
    from raddiag_train.data.split import parse_ratio, with_validation
    from raddiag_train.progress import task_progress

    files = {split: args.root / f"{split}.json" for split in ("train", "test")}
    there = {split: path for split, path in files.items() if path.is_file()}
    if not there:
        raise ConfigError(f"{args.root}: holds neither train.json nor test.json of the release")
    vocabulary = read_vocabulary(args.root)
    records: list[CaseRecord] = []
    faults: list[str] = []
    for split, path in there.items():
        with task_progress(f"reading {path.name}") as progress:
            found = import_rp3d(path, args.images or args.root, split, vocabulary, progress)
        records += found.cases
        faults += found.faults
    ids = {record.case_id: record.split for record in records if record.split == "train"}
    faults += [
        f"case {r.case_id} lies in train.json and test.json" for r in records if ids.get(r.case_id, r.split) != r.split
    ]
    report_faults(faults, skip=args.skip_faulty)
    if not args.no_validation:
        ratio = parse_ratio("7:1:2")
        records = with_validation(records, ratio, lambda part, shares: split_with_progress(part, shares, args.seed))
    write_records(args.output, records)
    print(f"{args.output}: {counted(records)}")
    return 0
