"""raddiag explain: where in each scan the evidence for a disorder lies."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from raddiag_engine.commands.case_arguments import add_case_arguments, case_from
from raddiag_engine.commands.engine_arguments import add_engine_arguments
from raddiag_engine.commands.output_folder import check_output_folder, output_folder
from raddiag_engine.commands.progress_bar import progress_bar
from raddiag_engine.commands.vocabulary_arguments import add_vocabulary_arguments, vocabulary_from

if TYPE_CHECKING:
    from raddiag_engine.diagnosis.engine import Engine
    from raddiag_engine.diagnosis.result import State
    from raddiag_engine.saliency import SaliencyMap

LONGEST_SLUG = 80


def add_parser(subparsers: Any) -> None:
    """Register `raddiag explain`."""
    from raddiag_engine.saliency.methods import METHODS

    parser = subparsers.add_parser(
        "explain",
        help="where in each scan the evidence for a disorder lies",
        description="Write, for every scan in use, an overlay (PNG) and the map on the scan's own grid (NIfTI).",
    )
    add_case_arguments(parser)
    add_engine_arguments(parser)
    add_vocabulary_arguments(parser)
    parser.add_argument(
        "--disorder",
        required=True,
        action="append",
        metavar="NAME",
        help="as the model or the vocabulary calls it; may be repeated",
    )
    parser.add_argument("--method", default="gradcam", choices=METHODS, help="default gradcam")
    parser.add_argument("--output", required=True, type=Path, metavar="DIR", help="folder for the maps")
    parser.add_argument(
        "--check-weights",
        action="store_true",
        help="also compare with maps of randomised weights: a map that survives them explains nothing",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read, encode, explain, write."""
    check_output_folder(args.output)
    vocabulary = vocabulary_from(args)

    from raddiag_engine.diagnosis.engine import Engine

    engine = Engine.load(args.model, device=args.device, encoder=args.encoder)
    engine.set_vocabulary(vocabulary)
    names = [engine.disorder_called(name) for name in args.disorder]
    case = case_from(args)
    with progress_bar() as progress:
        engine.set_case(case, progress=progress)
        maps = engine.explain_many(names, args.method, progress=progress)
    with output_folder(args.output) as folder:
        found = write_explanation(engine, maps, folder)
    print(*found, f"written to {args.output}", sep="\n")
    if args.check_weights:
        for name in names:
            _print_weight_check(engine, name, args.method)
    return 0


def write_explanation(engine: Engine, maps: list[list[SaliencyMap]], folder: Path) -> list[str]:
    """Write overlays, maps and explanation.json.

    Args:
        engine: With the case set that the maps are of.
        maps: For each disorder one map per scan.
        folder: To write to; it exists.

    Returns:
        A line for each map on what was found.
    """
    from raddiag_engine.atomic import write_text
    from raddiag_engine.commands.json_output import json_text
    from raddiag_engine.reading.nifti_export import on_even_grid, write_nifti
    from raddiag_engine.saliency.overlay import RESEARCH_USE, write_overlay

    evidence = engine.evidence()
    diagnosis = engine.diagnose(top=len(engine.card.disorders))
    unseen = {score.name for score in diagnosis.unseen}
    states: dict[str, State] = {score.name: score.state for score in diagnosis.disorders}
    states |= {score.name: score.state for score in diagnosis.unseen}
    entries, found = [], []
    slugs = _slugs([of_disorder[0].disorder for of_disorder in maps])
    for slug, of_disorder in zip(slugs, maps, strict=True):
        for index, saliency in enumerate(of_disorder):
            scan = evidence.scans[index]
            stem = f"{slug}.{saliency.scan_id}"
            values, affine = on_even_grid(scan, saliency.values, 0.0)
            write_nifti(folder / f"{stem}.nii.gz", values, affine, scan.spacing_mm)
            write_overlay(folder / f"{stem}.png", scan, evidence.prepare(index), saliency)
            state, is_unseen = states[saliency.disorder], saliency.disorder in unseen
            files = {"overlay": f"{stem}.png", "map": f"{stem}.nii.gz"}
            entries.append({**saliency.to_mapping(), "state": state, "unseen": is_unseen, **files})
            found.append(f"{saliency.describe()}  [{'never learned, by its text alone' if is_unseen else state}]")
    model = {"name": engine.card.name, "sha256": engine.card.weights_sha256}
    explanation = {"schema": 1, "notice": RESEARCH_USE, "model": model, "case": evidence.case_id, "maps": entries}
    write_text(folder / "explanation.json", json_text(explanation))
    return found


def _print_weight_check(engine: Engine, name: str, method: str) -> None:
    from raddiag_engine.saliency import randomisation_check

    print(f"{name}: rank correlation with the maps of randomised weights (1: unchanged, 0: nothing in common)")
    for step in randomisation_check(engine.evidence(), engine.find_disorder(name), method):
        print(f"  down to {step.part:32s} {step.rank_correlation:+.2f}")


def _slugs(names: list[str]) -> list[str]:
    """The names as parts of file names, each of them once: names that differ in signs alone get a number."""
    slugs: list[str] = []
    for number, name in enumerate(names, start=1):
        slug = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:LONGEST_SLUG] or "disorder"
        slugs.append(slug if slug not in slugs else f"{slug}-{number}")
    return slugs
