"""`raddiag evaluate`: how well a model does on cases with known disorders, by class, tier and data set.

With --fit nothing is judged: a copy of the model gets the thresholds, calibration, figures and input score that a
validation split gives, for models that have none, such as an imported one.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from raddiag_engine.models.folder import Model
    from raddiag_train.data.records import CaseRecord
    from raddiag_train.evaluation.evaluate import Evaluation, EvaluationConfig


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "evaluate", help="metrics of a model on labelled cases, with intervals and figures", description=__doc__
    )
    parser.add_argument("model", metavar="MODEL", help="name or folder of a model")
    parser.add_argument("--cases", type=Path, required=True, metavar="FILE", help="cases.jsonl")
    parser.add_argument("--split", help='cases of this split, or "all" (default: test; with --fit validation)')
    parser.add_argument(
        "--level",
        choices=("disorder", "icd10cm"),
        help="judge disorders, or ICD-10-CM categories by the largest probability of their disorders (default: what "
        "the model was trained on)",
    )
    parser.add_argument(
        "--fit",
        type=Path,
        metavar="DIR",
        help="write a copy of the model with thresholds, calibration and input score from --split",
    )
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
    from raddiag_train.data.label_level import at_label_level
    from raddiag_train.data.records import read_records
    from raddiag_train.evaluation.evaluate import EvaluationConfig, evaluate, stored_predictions
    from raddiag_train.evaluation.figures import draw_figures, figure_data
    from raddiag_train.evaluation.icd10cm_level import is_category_level
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
    split = args.split or ("validation" if args.fit else "test")
    records = read_records(args.cases)
    model, cache = load_model(find_model(args.model)), args.cache or args.cases.parent / "prepared"
    own_level = "icd10cm" if is_category_level(model.card.disorders) else "disorder"
    level = args.level or own_level
    if own_level == "icd10cm":
        if level == "disorder":
            raise ConfigError(f"--level disorder: {model.card.name} was trained on ICD-10-CM categories")
        records = at_label_level(records, "icd10cm")
    if args.fit:
        return _fit(model, records, split, cache, args)
    pooled = level != own_level
    if pooled and args.shortcuts:
        raise ConfigError("--shortcuts judges disorders; leave --level out")
    others = read_records(args.twins_of) if args.twins_of else []
    training = [record for record in others if record.split == "train"] or others
    config = EvaluationConfig(split, not args.modality_unknown, args.tta == "mirror", args.device)
    of_disorders = evaluation = evaluate(model, records, cache, config)
    if pooled:
        evaluation = _pooled(model, (records, others), cache, config, of_disorders)
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
            pointing = pointing_game(model, of_disorders.records, device=args.device, progress=progress)
        print_pointing(pointing, Console())
    stored = stored_predictions(evaluation)
    tiers = tier_results(evaluation.labels.disorders, evaluation.probabilities_NK, stored.targets_NK, args.resamples)
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


def _pooled(
    model: Model,
    lists: tuple[Sequence[CaseRecord], Sequence[CaseRecord]],
    cache: Path,
    config: EvaluationConfig,
    found: Evaluation,
) -> Evaluation:
    """An evaluation of disorders as one of categories, with thresholds from the validation cases if there are any.

    The tiers are by the training cases, where one of the lists holds those that the model has learned from.
    """
    import sys

    from raddiag_train.evaluation.evaluate import evaluate
    from raddiag_train.evaluation.icd10cm_level import at_category_level, category_level, with_thresholds
    from raddiag_train.evaluation.training_cases import learned_cases

    disorders, records = model.card.disorders, lists[0]
    training = next(filter(None, (learned_cases(disorders, of_list) for of_list in lists)), ())
    level = category_level(disorders, training)
    if level.counts_disorders:
        said = "tiers: a training case with two disorders of one category counts twice, as its training cases are in"
        print(f"{said} neither --cases nor --twins-of", file=sys.stderr)
    validation = "validation"
    if config.split not in (validation, "all") and any(record.split == validation for record in records):
        fitting = evaluate(model, records, cache, replace(config, split=validation))
        level = with_thresholds(level, fitting.records, fitting.probabilities_NK, validation)
    return at_category_level(found, level)


def _fit(model: Model, records: Sequence[CaseRecord], split: str, cache: Path, args: argparse.Namespace) -> int:
    """Write the copy and say how many disorders have what."""
    from raddiag_train.evaluation.model_fit import fit_model

    card, has_score = fit_model(model, records, split, cache, args.fit, args.device)
    disorders = card.disorders
    thresholds = sum(disorder.operating_point is not None for disorder in disorders)
    reliable = sum(disorder.operating_point is not None and disorder.operating_point.reliable for disorder in disorders)
    calibrated = sum(disorder.calibration is not None for disorder in disorders)
    print(
        f"model: {args.fit}: of {len(disorders)} classes {thresholds} have a threshold from the {split} cases "
        f"({reliable} from 10 positives or more), {calibrated} are calibrated; the input score is "
        + ("from these cases too" if has_score else "as before: there are too few scans of one modality and anatomy")
    )
    return 0
