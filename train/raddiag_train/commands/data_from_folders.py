"""raddiag data from-folders: class folders of images become cases.jsonl."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from raddiag_train.data.folders import FolderSource

SKIPPED_SHOWN = 5


def add_parser(subparsers: Any) -> None:
    """Register `raddiag data from-folders`."""
    parser = subparsers.add_parser(
        "from-folders",
        help="cases from folders of images, a folder a class",
        description="Each class folder below ROOT gives cases: one an image, one a folder of several files. "
        "Near-duplicates, and images of one patient, stay in one split.",
    )
    parser.add_argument("folder", nargs="?", type=Path, metavar="ROOT", help="folder of the class folders")
    parser.add_argument("--root", type=Path, help="the same; with --recipe, what its folders are relative to")
    parser.add_argument("--output", type=Path, required=True, metavar="F", help="cases.jsonl to write")
    parser.add_argument("--recipe", type=Path, metavar="TOML", help="what each folder shows, such as open_images.toml")
    parser.add_argument("--modality", default="unknown", help="of every image, such as MRI")
    parser.add_argument("--anatomy", default="unknown", help="of every image, such as 'head and neck'")
    parser.add_argument("--plane", default="unknown", help="of every image, such as axial")
    parser.add_argument(
        "--label",
        nargs="+",
        action="extend",
        default=[],
        metavar="FOLDER=NAME[:CODE]",
        help="disorder and ICD-10-CM code of a class folder",
    )
    parser.add_argument("--normal", metavar="FOLDER", help="the class folder of normal images")
    parser.add_argument("--source", metavar="NAME", help="name of the data set (default: the name of ROOT)")
    split = parser.add_mutually_exclusive_group()
    split.add_argument("--split", metavar="A,B,C", help="shares of training, validation and test")
    split.add_argument("--split-name", choices=("train", "validation", "test"), help="put every case there")
    parser.add_argument("--seed", type=int, default=0, help="of the split (default 0)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List the images, split and write."""
    from dataclasses import replace

    from raddiag_engine.errors import ConfigError
    from raddiag_train.commands.data_split import split_with_progress
    from raddiag_train.data.folders import cases_from_folders
    from raddiag_train.data.records import write_records
    from raddiag_train.data.split import parse_ratio

    root = args.root or args.folder
    if root is None or (args.root and args.folder):
        raise ConfigError("name the folder of the class folders once: raddiag data from-folders ROOT")
    ratio = parse_ratio(args.split) if args.split else None
    records = []
    for source in _sources(args, root):
        cases, skipped = cases_from_folders(source, root)
        records.extend(cases)
        for file in skipped[:SKIPPED_SHOWN]:
            print(f"skipped {file.path}: {file.reason}", file=sys.stderr)
        if len(skipped) > SKIPPED_SHOWN:
            print(f"skipped {len(skipped) - SKIPPED_SHOWN} more files of {source.name}", file=sys.stderr)
    if ratio is not None:
        records = split_with_progress(records, ratio, args.seed)
    elif args.split_name:
        records = [replace(record, split=args.split_name) for record in records]
    write_records(args.output, records)
    print(f"{args.output}: {len(records)} cases")
    return 0


def _sources(args: argparse.Namespace, root: Path) -> tuple[FolderSource, ...]:
    from raddiag_engine.cases import Anatomy, Modality, Plane
    from raddiag_engine.errors import ConfigError
    from raddiag_train.data.folder_recipe import normal_label, parse_label, read_folder_recipe
    from raddiag_train.data.folders import FolderSource
    from raddiag_train.data.records import parse_word

    if args.recipe:
        if args.label or args.normal or args.source:
            raise ConfigError("--recipe says what the folders hold; leave out --label, --normal and --source")
        return read_folder_recipe(args.recipe).source
    labels = dict([parse_label(text) for text in args.label] + ([normal_label(args.normal)] if args.normal else []))
    source = FolderSource(
        name=args.source or root.resolve().name,
        modality=parse_word(Modality, "modality", args.modality),
        anatomy=parse_word(Anatomy, "anatomy", args.anatomy),
        plane=parse_word(Plane, "plane", args.plane),
        labels=labels,
    )
    return (source,)
