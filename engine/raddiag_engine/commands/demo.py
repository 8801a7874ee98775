"""raddiag demo: the bundled model on the bundled sample case."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from raddiag_engine.commands.engine_arguments import add_engine_arguments
from raddiag_engine.commands.output_folder import check_output_folder, output_folder
from raddiag_engine.commands.progress_bar import progress_bar

EXPLAINED = 3


def add_parser(subparsers: Any) -> None:
    """Register `raddiag demo`."""
    parser = subparsers.add_parser(
        "demo",
        help="diagnose and explain the bundled sample case",
        description="Diagnose the bundled sample case, a synthetic patient, and write overlays of what was found.",
    )
    add_engine_arguments(parser)
    parser.add_argument(
        "--output", type=Path, default=Path("raddiag-demo"), metavar="DIR", help="folder (default raddiag-demo)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read, diagnose, print, explain what is positive, write."""
    check_output_folder(args.output)

    from raddiag_engine.atomic import write_text
    from raddiag_engine.commands.diagnosis_table import print_diagnosis
    from raddiag_engine.commands.explain import write_explanation
    from raddiag_engine.commands.json_output import json_text
    from raddiag_engine.diagnosis.engine import Engine
    from raddiag_engine.reading import read_case
    from raddiag_resources import path_of

    engine = Engine.load(args.model, device=args.device)
    with progress_bar() as progress:
        engine.set_case(read_case([path_of("sample_case")]), progress=progress)
        diagnosis = engine.diagnose()
        positive = [score.name for score in diagnosis.disorders if score.state == "positive"]
        shown = positive or [score.name for score in diagnosis.disorders[:1]]
        maps = engine.explain_many(shown[:EXPLAINED], progress=progress)
    print_diagnosis(diagnosis, engine.card)
    with output_folder(args.output) as folder:
        found = write_explanation(engine, maps, folder)
        write_text(folder / "diagnosis.json", json_text(diagnosis.to_mapping()))
    print(*found, f"written to {args.output}", sep="\n")
    return 0
