"""raddiag knowledge pretrain: teach an encoder of disorder names medicine."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

EXIT_STOPPED = 143


def add_parser(subparsers: Any) -> None:
    """Register `raddiag knowledge pretrain`."""
    parser = subparsers.add_parser(
        "pretrain",
        help="pre-train the knowledge encoder on pairs",
        description="Contrastive pre-training (equation 4 of the paper, with the positive in the denominator) on the "
        "training part of pairs.jsonl. Starts from a small hashed encoder, or from another one: a folder, or a "
        "repository of the Hugging Face hub. Several GPUs: torchrun --nproc-per-node N -m raddiag_engine.cli ...",
    )
    parser.add_argument("pairs", type=Path, metavar="PAIRS.JSONL")
    parser.add_argument(
        "--config", metavar="F", help='settings as TOML, a file or a bundled name such as "knowledge_minilm"'
    )
    parser.add_argument(
        "--set",
        dest="assignments",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="lay a value over the settings, such as steps=500 or encoder.start=E; may be repeated",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="RUN", help="folder of the run")
    parser.add_argument("--resume", action="store_true", help="go on from the newest checkpoint in RUN")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Pre-train, and say where the encoder is."""
    from raddiag_train.knowledge.pretraining_config import read_pretraining_config
    from raddiag_train.training.config import find_recipe

    recipe = find_recipe(args.config) if args.config else None
    config = read_pretraining_config(recipe, args.pairs, args.assignments)
    from raddiag_train.knowledge.pretraining import pretrain
    from raddiag_train.training.distributed import is_leader

    finished = pretrain(config, args.output, resume=args.resume)
    if not finished and is_leader():
        print(f"stopped; a checkpoint is in {args.output / 'checkpoints'}, go on with --resume", file=sys.stderr)
    elif finished and is_leader():
        print(f"encoder: {args.output / 'model'}")
    return 0 if finished else EXIT_STOPPED
