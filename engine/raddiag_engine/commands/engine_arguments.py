"""The arguments of every command that loads a model."""

from __future__ import annotations

import argparse


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """--model and --device."""
    parser.add_argument("--model", default="demo", metavar="M", help="a model's name or folder (default demo)")
    parser.add_argument(
        "--device", default="auto", choices=("auto", "cpu", "cuda"), help="auto is a GPU if there is one (default auto)"
    )
