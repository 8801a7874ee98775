"""raddiag knowledge: what the knowledge encoder learns from, its training, and search by it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

SUBCOMMANDS = ("build", "pretrain", "evaluate", "embed", "search")


def add_parser(subparsers: Any) -> None:
    """Register `raddiag knowledge` with its subcommands, each in a file knowledge_NAME.py beside this one."""
    parser = subparsers.add_parser(
        "knowledge",
        help="medical knowledge: training pairs, knowledge encoder, search",
        description="Medical knowledge for the encoder of disorder names.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in SUBCOMMANDS:
        import_module(f"raddiag_train.commands.knowledge_{name}").add_parser(commands)
