"""raddiag data: data sets for training, as cases.jsonl."""

from __future__ import annotations

from importlib import import_module
from typing import Any

SUBCOMMANDS = ("from_folders", "import", "import_rp3d", "validate", "split", "stats", "phantom", "build")


def add_parser(subparsers: Any) -> None:
    """Register `raddiag data` with its subcommands, each in a file data_NAME.py beside this one."""
    parser = subparsers.add_parser(
        "data", help="make, check and split data sets", description="Data sets for training, as cases.jsonl."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in SUBCOMMANDS:
        import_module(f"raddiag_train.commands.data_{name}").add_parser(commands)
