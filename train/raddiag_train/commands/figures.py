"""`raddiag figures`: figures of the paper from an evaluation, and key frames with their saliency."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register `raddiag figures` with its subcommands."""
    parser = subparsers.add_parser(
        "figures", help="ROC curves, reliability, scores and key frames", description=__doc__
    )
    kinds = parser.add_subparsers(metavar="FIGURE", required=True)
    for name, about, draw in (
        ("roc", "ROC curves of chosen disorders", _roc),
        ("reliability", "reliability curves of chosen disorders", _reliability),
        ("scores", "scores of positives against intra- and inter-anatomy negatives", _scores),
    ):
        kind = kinds.add_parser(name, help=about, description=f"{about}, from what `raddiag evaluate --output` stored.")
        kind.add_argument("evaluation", type=Path, metavar="DIR", help="folder written by raddiag evaluate --output")
        _add_disorders(kind, nargs="+")
        kind.add_argument("--output", type=Path, required=True, metavar="PNG")
        kind.set_defaults(run=draw)
    saliency = kinds.add_parser(
        "saliency",
        help="key frames of a case with the evidence for a disorder (figure 4b)",
        description="A row a scan: its key slice, or the slice of the map's peak, plain and with the evidence.",
    )
    saliency.add_argument("model", metavar="MODEL", help="name or folder of a model")
    saliency.add_argument("--cases", type=Path, required=True, metavar="FILE", help="cases.jsonl")
    saliency.add_argument("--case", required=True, metavar="ID", help="its case_id")
    _add_disorders(saliency, nargs=1)
    saliency.add_argument("--method", default="gradcam", help="as of raddiag explain (default gradcam)")
    saliency.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    saliency.add_argument("--output", type=Path, required=True, metavar="PNG")
    saliency.set_defaults(run=_saliency)


def _add_disorders(parser: argparse.ArgumentParser, nargs: str | int) -> None:
    parser.add_argument("--disorder", nargs=nargs, required=True, metavar="NAME", help="as on the model card")


def _roc(args: argparse.Namespace) -> int:
    from raddiag_train.evaluation.figures import draw_roc_of_classes
    from raddiag_train.evaluation.stored_predictions import read_predictions

    draw_roc_of_classes(args.output, read_predictions(args.evaluation), args.disorder)
    return _said(args)


def _reliability(args: argparse.Namespace) -> int:
    from raddiag_train.evaluation.plots.reliability_plot import plot_reliability

    plot_reliability(args.output, _data_of(args).reliability)
    return _said(args)


def _scores(args: argparse.Namespace) -> int:
    from raddiag_train.evaluation.plots.score_plot import plot_score_distributions

    plot_score_distributions(args.output, _data_of(args).scores)
    return _said(args)


def _data_of(args: argparse.Namespace) -> Any:
    import numpy as np

    from raddiag_train.evaluation.figures import figure_data
    from raddiag_train.evaluation.stored_predictions import read_predictions

    stored = read_predictions(args.evaluation)
    return figure_data(stored, {name: np.array([stored.class_of(name)]) for name in args.disorder})


def _saliency(args: argparse.Namespace) -> int:
    from raddiag_engine import Engine
    from raddiag_train.data.case_lines import case_lines_named
    from raddiag_train.data.records import read_records
    from raddiag_train.evaluation.key_frames import case_of, key_frames, verdict
    from raddiag_train.evaluation.plots.saliency_plot import plot_key_frames

    record = case_of(read_records(args.cases), args.case)
    engine = Engine.load(args.model, device=args.device)
    [disorder] = args.disorder
    with case_lines_named([args.cases]):
        found = key_frames(engine, record, disorder, args.method)
    for line in found.set_aside:
        print(f"not shown: {line}")
    title = f"{engine.card.name}: {disorder}, {args.method}; {verdict(engine, disorder)}"
    plot_key_frames(args.output, found.frames, title)
    return _said(args)


def _said(args: argparse.Namespace) -> int:
    print(args.output)
    return 0
