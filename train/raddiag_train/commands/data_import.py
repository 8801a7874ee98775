"""raddiag data import: a published data set in its published layout becomes cases.jsonl."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from raddiag_train.data.dataset_descriptor import DatasetDescriptor
    from raddiag_train.data.records import CaseRecord

FAULTS_SHOWN = 20


def add_parser(subparsers: Any) -> None:
    """Register `raddiag data import`."""
    parser = subparsers.add_parser(
        "import",
        help="cases from a published data set",
        description="Cases from one of the data sets that are described (--list), unpacked as published in ROOT. Its "
        "official split is kept, with validation cases taken from the training part by patient where it has none; a "
        "set without one is divided 7:1:2 by patient, or by near-duplicates where patients are not named.",
    )
    parser.add_argument(
        "dataset", nargs="?", metavar="SET", help="name (see --list), or a descriptor of your own, .toml"
    )
    parser.add_argument("root", nargs="?", type=Path, metavar="ROOT", help="folder of the set")
    parser.add_argument("--list", action="store_true", help="list the sets that are described")
    parser.add_argument("--output", type=Path, metavar="F", help="cases.jsonl to write")
    parser.add_argument("--ratio", default="7:1:2", help="where there is no official split (default 7:1:2)")
    parser.add_argument("--no-split", action="store_true", help="leave the official split, or none, as it is")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--skip-faulty", action="store_true", help="write the cases that are without fault")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read the set, say what is wrong with it, split and write."""
    from raddiag_engine.errors import ConfigError
    from raddiag_train.data.dataset_descriptor import read_descriptor, shipped_datasets
    from raddiag_train.data.dataset_import import import_dataset
    from raddiag_train.data.records import write_records
    from raddiag_train.progress import task_progress

    if args.list:
        print_list([read_descriptor(name) for name in shipped_datasets()])
        return 0
    if not (args.dataset and args.root and args.output):
        raise ConfigError("give the set, its folder and --output F: raddiag data import SET ROOT --output F")
    descriptor = read_descriptor(args.dataset)
    converted = args.output.parent / "converted"
    with task_progress("reading rows") as progress:
        found = import_dataset(descriptor, args.root, converted, progress)
    report_faults(found.faults, skip=args.skip_faulty)
    records = found.cases if args.no_split else divided(found.cases, descriptor, args.ratio, args.seed)
    write_records(args.output, records)
    left_out = f", {found.unlabelled} without a label left out" if found.unlabelled else ""
    print(f"{args.output}: {counted(records)}{left_out}")
    return 0


def report_faults(faults: Sequence[str], *, skip: bool) -> None:
    """List faults on standard error.

    Raises:
        ConfigError: There are some, and they are not to be skipped.
    """
    from raddiag_engine.errors import ConfigError

    for fault in faults[:FAULTS_SHOWN]:
        print(fault, file=sys.stderr)
    if len(faults) > FAULTS_SHOWN:
        print(f"and {len(faults) - FAULTS_SHOWN} more", file=sys.stderr)
    if faults and not skip:
        raise ConfigError(f"{len(faults)} faults; nothing was written. Mend them, or leave them out with --skip-faulty")


def divided(
    records: Sequence[CaseRecord], descriptor: DatasetDescriptor, ratio: str, seed: int
) -> Sequence[CaseRecord]:
    """The cases with a training, validation and test part, the official ones kept."""
    from raddiag_train.commands.data_split import split_with_progress
    from raddiag_train.data.split import parse_ratio, with_validation

    shares = parse_ratio(ratio)
    if not descriptor.has_official_split:
        return split_with_progress(records, shares, seed)
    if any(record.split == "validation" for record in records):
        return records
    return with_validation(records, shares, lambda part, part_ratio: split_with_progress(part, part_ratio, seed))


def counted(records: Sequence[CaseRecord]) -> str:
    """Cases of each split, in words."""
    from collections import Counter

    counts = Counter(record.split or "without split" for record in records)
    scans = sum(len(record.scans) for record in records)
    return f"{len(records)} cases of {scans} scans: " + ", ".join(f"{n} {split}" for split, n in counts.items())


def print_list(descriptors: Sequence[DatasetDescriptor]) -> None:
    """A table of the sets that are described."""
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "data set", "modality", "anatomy", "official split", "patients named")
    for d in descriptors:
        modality = ", ".join(sorted(set(d.modality_of.names.values()))) if d.modality_of else d.modality.value
        anatomy = ", ".join(sorted(set(d.anatomy_of.names.values()))) if d.anatomy_of else d.anatomy.value
        yes_no = ("yes" if d.has_official_split else "no", "yes" if d.patient else "no")
        table.add_row(d.name, d.title, modality, anatomy, *yes_no)
    Console().print(table)
