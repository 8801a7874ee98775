"""The trainer's subcommands, one file each; these modules stay light, so that `raddiag --help` is instant."""

from __future__ import annotations

from importlib import import_module
from typing import Any

COMMANDS = ("data", "knowledge", "train", "evaluate", "figures", "ablate", "tables", "finetune", "zeroshot")


def add_parsers(subparsers: Any) -> None:
    """Register the trainer's subcommands (entry-point group raddiag.commands)."""
    for name in COMMANDS:
        import_module(f"{__name__}.{name}").add_parser(subparsers)
