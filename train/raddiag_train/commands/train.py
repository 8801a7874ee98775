"""`raddiag train`: a recipe and cases in, a model folder out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

EXIT_STOPPED = 143


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser("train", help="train a model from a recipe", description=__doc__)
    parser.add_argument("config", metavar="CONFIG", help='recipe: a TOML file, or the name of a bundled one ("demo")')
    parser.add_argument(
        "--set",
        dest="assignments",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="lay a value over the recipe, such as optimisation.epochs=3; may be repeated",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="RUN", help="folder of the run")
    parser.add_argument("--resume", action="store_true", help="go on from the newest checkpoint in RUN")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Train, and say where the model is."""
    from raddiag_train.training.config import find_recipe, read_config

    config = read_config(find_recipe(args.config), args.assignments)
    from raddiag_train.training.distributed import is_leader
    from raddiag_train.training.loop import train

    finished = train(config, args.output, resume=args.resume)
    if not finished and is_leader():
        print(f"stopped; a checkpoint is in {args.output / 'checkpoints'}, go on with --resume", file=sys.stderr)
    elif finished and is_leader():
        print(f"model: {args.output / 'model'}")
    return 0 if finished else EXIT_STOPPED
