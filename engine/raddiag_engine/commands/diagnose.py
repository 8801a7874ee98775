"""raddiag diagnose: ranked disorders of one patient's scans."""

from __future__ import annotations

import argparse
import time
from typing import Any

from raddiag_engine.commands.case_arguments import add_case_arguments, case_from
from raddiag_engine.commands.engine_arguments import add_engine_arguments
from raddiag_engine.commands.json_output import STANDARD_OUTPUT, check_json_target, write_json
from raddiag_engine.commands.progress_bar import progress_bar


def add_parser(subparsers: Any) -> None:
    """Register `raddiag diagnose`."""
    parser = subparsers.add_parser(
        "diagnose",
        help="ranked disorders of one patient's scans",
        description="Rank the disorders that a model finds in one patient's scans. Research use only.",
    )
    add_case_arguments(parser)
    add_engine_arguments(parser)
    parser.add_argument(
        "--top", type=_count, default=20, metavar="N", help="disorders shown; positive ones always are (default 20)"
    )
    parser.add_argument("--json", metavar="F", help="also write the diagnosis as JSON to this file, or - for only that")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read, diagnose, print, write."""
    check_json_target(args.json)
    start = time.perf_counter()
    case = case_from(args)
    read_seconds = time.perf_counter() - start

    from dataclasses import replace

    from raddiag_engine.diagnosis.engine import Engine

    engine = Engine.load(args.model, device=args.device)
    with progress_bar() as progress:
        engine.set_case(case, progress=progress)
    diagnosis = engine.diagnose(top=args.top)
    diagnosis = replace(diagnosis, seconds={"read": read_seconds, **diagnosis.seconds})

    if args.json is not None:
        write_json(diagnosis.to_mapping(), args.json)
    if args.json != STANDARD_OUTPUT:
        from raddiag_engine.commands.diagnosis_table import print_diagnosis

        print_diagnosis(diagnosis, engine.card)
    return 0


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of disorders")
    return number
