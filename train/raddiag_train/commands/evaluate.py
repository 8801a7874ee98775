"""`raddiag evaluate`: how well a model does on cases with known disorders, by class, tier and data set."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "evaluate", help="metrics of a model on labelled cases, with intervals and figures", description=__doc__
    )
    parser.add_argument("model", metavar="MODEL", help="name or folder of a model")
    parser.add_argument("--cases", type=Path, required=True, metavar="FILE", help="cases.jsonl")
    parser.add_argument("--split", default="test", help='cases of this split, or "all" (default: test)')
    parser.add_argument("--modality-unknown", action="store_true", help="hide the modality of every scan")
    parser.add_argument(
        "--tta", choices=("no", "mirror"), default="no", help="also evaluate each case mirrored, and average"
    )
    parser.add_argument(
        "--twins-of",
        type=Path,
        metavar="FILE",
        help="cases.jsonl of the training part: report without their near-exact twins as well",
    )
    parser.add_argument(
        "--pointing",
        action="store_true",
        help="also play the pointing game on cases with lesion masks: does the strongest evidence lie in the lesion?",
    )
    parser.add_argument(
        "--shortcuts",
        action="store_true",
        help="also evaluate with only the borders left, and with borders and corners painted over",
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--cache", type=Path, metavar="DIR", help='prepared scans (default: "prepared" beside FILE)')
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="write evaluation.json, classes.csv, tiers.csv, predictions.csv and .npz, and the figures as PNG",
    )
    parser.add_argument("--resamples", type=int, default=1000, help="of the bootstrap for 95 %% intervals; 0 for none")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Evaluate, print the tables and write what was asked for."""
    from rich.console import Console

    from raddiag_engine.atomic import write_text
    from raddiag_engine.errors import ConfigError
    from raddiag_engine.models.folder import load_model
    from raddiag_engine.models.registry import find_model
    from raddiag_train.data.records import read_records
    from raddiag_train.evaluation.evaluate import EvaluationConfig, evaluate, stored_predictions
    from raddiag_train.evaluation.figures import draw_figures, figure_data
    from raddiag_train.evaluation.pointing_game import PointingResult, pointing_game
    from raddiag_train.evaluation.report import (
        classes_csv,
        predictions_csv,
        print_pointing,
        print_tables,
        print_tiers,
        tiers_csv,
        to_json,
    )
    from raddiag_train.evaluation.shortcuts import shortcut_parts
    from raddiag_train.evaluation.stored_predictions import FILE_NAME, write_predictions
    from raddiag_train.evaluation.tier_results import tier_results
    from raddiag_train.evaluation.twins import have_twins
    from raddiag_train.progress import task_progress

    if args.resamples < 0:
        raise ConfigError(f"--resamples is {args.resamples}, but must be 0 or more")
    records = read_records(args.cases)
    others = read_records(args.twins_of) if args.twins_of else []
    training = [record for record in others if record.split == "train"] or others
    config = EvaluationConfig(args.split, not args.modality_unknown, args.tta == "mirror", args.device)
    model = load_model(find_model(args.model))
    cache = args.cache or args.cases.parent / "prepared"
    evaluation = evaluate(model, records, cache, config)
    parts = {"all cases": evaluation.sources}
    if args.twins_of:
        with task_progress("looking for twins") as progress:
            twins_N = have_twins(evaluation.records, training, progress)
        parts["without twins"] = evaluation.of_cases(~twins_N)
    if args.shortcuts:
        parts |= shortcut_parts(model, evaluation, cache)
    print_tables(evaluation, parts, Console())
    pointing: tuple[PointingResult, ...] = ()
    if args.pointing:
        with task_progress("pointing game") as progress:
            pointing = pointing_game(model, evaluation.records, device=args.device, progress=progress)
        print_pointing(pointing, Console())
    stored = stored_predictions(model.card, evaluation)
    tiers = tier_results(model.card.disorders, evaluation.probabilities_NK, stored.targets_NK, args.resamples)
    print_tiers(tiers, Console())
    data = figure_data(stored, stored.groups())
    report = to_json(evaluation, parts, pointing, tiers, data)
    if args.json:
        write_text(args.json, report)
    if args.output:
        write_text(args.output / "evaluation.json", report)
        write_text(args.output / "predictions.csv", predictions_csv(evaluation))
        write_text(args.output / "classes.csv", classes_csv(tiers))
        write_text(args.output / "tiers.csv", tiers_csv(tiers))
        write_predictions(args.output / FILE_NAME, stored)
        draw_figures(args.output, data, tiers.bands, evaluation.model)
    return 0
