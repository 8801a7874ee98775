"""`raddiag evaluate`: how well a model does on cases with known disorders, by class, tier and data set.

With --fit nothing is judged: a copy of the model gets the thresholds, calibration, figures and input score that a
validation split gives, for models that have none, such as an imported one.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from raddiag_engine.models.card import ModelCard
    from raddiag_engine.models.folder import Model
    from raddiag_train.data.label_level import LabelLevel
    from raddiag_train.data.records import CaseRecord
    from raddiag_train.evaluation.evaluation_report import EvaluationReport


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
        "--all-scans",
        action="store_true",
        help="fuse scans that the engine would set aside as well: of a kind that the model does not cover, or unlike "
        "its training data",
    )
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
    from raddiag_train.data.case_lines import case_lines_named, refuse_divided_patients
    from raddiag_train.data.label_level import level_of
    from raddiag_train.data.records import read_records

    if args.resamples < 0:
        raise ConfigError(f"--resamples is {args.resamples}, but must be 0 or more")
    records = read_records(args.cases)
    if args.split != "all":
        refuse_divided_patients(records, [args.cases])
    model = load_model(find_model(args.model))
    own_level = level_of(model.card.disorders)
    _check_level(args, model.card, own_level)
    with case_lines_named([args.cases]):
        if args.fit:
            return _fit(model, records, args)
        report = _judge(model, records, args, pooled=args.level not in (None, own_level))
    report.print(Console())
    if args.json:
        write_text(args.json, report.to_json())
    if args.output:
        report.write(args.output)
    return 0


def _check_level(args: argparse.Namespace, card: ModelCard, own_level: LabelLevel) -> None:
    """Raises ConfigError for a level, or a combination with it, that there is not."""
    from raddiag_engine.errors import ConfigError

    if own_level == "icd10cm" and args.level == "disorder":
        raise ConfigError(f"--level disorder: {card.name} was trained on ICD-10-CM categories")
    if args.level not in (None, own_level) and args.shortcuts:
        raise ConfigError("--shortcuts judges disorders; leave --level out")


def _judge(model: Model, records: Sequence[CaseRecord], args: argparse.Namespace, *, pooled: bool) -> EvaluationReport:
    """Everything that was asked for, found out."""
    from raddiag_train.data.records import read_records
    from raddiag_train.evaluation.category_evaluation import evaluated_by_category
    from raddiag_train.evaluation.evaluate import EvaluationConfig, evaluate
    from raddiag_train.evaluation.evaluation_report import report_on
    from raddiag_train.evaluation.pointing_game import PointingResult, pointing_game
    from raddiag_train.evaluation.shortcuts import shortcut_parts
    from raddiag_train.evaluation.twins import have_twins
    from raddiag_train.progress import task_progress

    cache = _cache(args)
    config = EvaluationConfig(
        args.split or "test", not args.modality_unknown, args.tta == "mirror", args.device, args.all_scans
    )
    others = read_records(args.twins_of) if args.twins_of else []
    of_disorders = evaluation = evaluate(model, records, cache, config)
    if pooled:
        evaluation = evaluated_by_category(model, (records, others), cache, of_disorders)
    parts = {"all cases": evaluation.sources}
    if args.twins_of:
        training = [record for record in others if record.split == "train"] or others
        with task_progress("looking for twins") as progress:
            twins_N = have_twins(evaluation.records, training, progress)
        parts["without twins"] = evaluation.of_cases(~twins_N)
    if args.shortcuts:
        parts |= shortcut_parts(model, evaluation, cache)
    pointing: tuple[PointingResult, ...] = ()
    if args.pointing:
        with task_progress("pointing game") as progress:
            pointing = pointing_game(model, of_disorders.records, device=args.device, progress=progress)
    return report_on(evaluation, parts, pointing, args.resamples)


def _cache(args: argparse.Namespace) -> Path:
    return Path(args.cache or args.cases.parent / "prepared")


def _fit(model: Model, records: Sequence[CaseRecord], args: argparse.Namespace) -> int:
    """Write the copy and say how many disorders have what."""
    from raddiag_train.evaluation.model_fit import fit_model

    split = args.split or "validation"
    card, has_score = fit_model(model, records, split, _cache(args), args.fit, args.device)
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
