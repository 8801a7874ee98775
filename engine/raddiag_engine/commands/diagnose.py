"""raddiag diagnose: ranked disorders of one patient's scans."""

from __future__ import annotations

import argparse
import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from raddiag_engine.commands.case_arguments import add_case_arguments, case_from
from raddiag_engine.commands.engine_arguments import add_engine_arguments
from raddiag_engine.commands.json_output import STANDARD_OUTPUT, check_json_target, write_json
from raddiag_engine.commands.progress_bar import progress_bar
from raddiag_engine.commands.server_arguments import add_server_arguments, client_from
from raddiag_engine.commands.vocabulary_arguments import add_vocabulary_arguments, vocabulary_from
from raddiag_engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from raddiag_engine.cases import Case
    from raddiag_engine.client import EngineClient
    from raddiag_engine.diagnosis.result import Diagnosis
    from raddiag_engine.diagnosis.vocabulary import NamedDisorder
    from raddiag_engine.models.card import ModelCard

DEFAULT_MODEL = "demo"


def add_parser(subparsers: Any) -> None:
    """Register `raddiag diagnose`."""
    parser = subparsers.add_parser(
        "diagnose",
        help="ranked disorders of one patient's scans",
        description="Rank the disorders that a model finds in one patient's scans. Research use only.",
    )
    add_case_arguments(parser)
    add_engine_arguments(parser)
    add_server_arguments(parser)
    add_vocabulary_arguments(parser)
    parser.add_argument(
        "--top", type=_count, default=20, metavar="N", help="disorders shown; positive ones always are (default 20)"
    )
    parser.add_argument("--json", metavar="F", help="also write the diagnosis as JSON to this file, or - for only that")
    parser.set_defaults(run=run, model=None)  # a server has a default of its own


def run(args: argparse.Namespace) -> int:
    """Read, diagnose here or on a server, print, write."""
    check_json_target(args.json)
    vocabulary = vocabulary_from(args)
    if args.server is not None and args.encoder is not None:
        raise ConfigError("--encoder is a folder here, but the engine is on a server, which has its own")
    client = None if args.server is None else client_from(args)
    start = time.perf_counter()
    case = case_from(args)
    read_seconds = time.perf_counter() - start

    if client is None:
        diagnosis, card = _diagnose_here(case, args, vocabulary)
    else:
        diagnosis, card = _diagnose_there(case, args, vocabulary, client)
    diagnosis = replace(diagnosis, seconds={"read": read_seconds, **diagnosis.seconds})

    if args.json is not None:
        write_json(diagnosis.to_mapping(), args.json)
    if args.json != STANDARD_OUTPUT:
        from raddiag_engine.commands.diagnosis_table import print_diagnosis

        print_diagnosis(diagnosis, card)
    return 0


def _diagnose_here(
    case: Case, args: argparse.Namespace, vocabulary: Sequence[NamedDisorder]
) -> tuple[Diagnosis, ModelCard]:
    from raddiag_engine.diagnosis.engine import Engine

    engine = Engine.load(args.model or DEFAULT_MODEL, device=args.device, encoder=args.encoder)
    with progress_bar() as progress:
        engine.set_vocabulary(vocabulary, progress=progress)
        engine.set_case(case, progress=progress)
    return engine.diagnose(top=args.top), engine.card


def _diagnose_there(
    case: Case, args: argparse.Namespace, vocabulary: Sequence[NamedDisorder], client: EngineClient
) -> tuple[Diagnosis, ModelCard]:
    with closing(client):
        with progress_bar() as progress:
            diagnosis = client.diagnose(case, model=args.model, top=args.top, vocabulary=vocabulary, progress=progress)
        return diagnosis, client.card(args.model or _default_model(client))


def _default_model(client: EngineClient) -> str:
    return next(entry.name for entry in client.models() if entry.default)


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of disorders")
    return number
