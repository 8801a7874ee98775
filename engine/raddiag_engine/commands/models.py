"""`raddiag models`: what models there are, and how they get here."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from raddiag_engine.commands.progress_bar import progress_bar
from raddiag_engine.errors import ModelError

if TYPE_CHECKING:
    from raddiag_engine.models.card import ModelCard
    from raddiag_engine.models.registry import InstalledModel

SHOWN_DISORDERS = 30


def add_parser(subparsers: Any) -> None:
    """Register `raddiag models`."""
    parser = subparsers.add_parser("models", help="list, show, pull, import and verify models")
    actions = parser.add_subparsers(metavar="ACTION", required=True)

    listing = actions.add_parser("list", help="the models on this machine, and those that can be pulled")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(run=run_list)

    show = actions.add_parser("show", help="the card of a model")
    show.add_argument("name", metavar="NAME", help="a model's name or folder")
    show.add_argument("--json", action="store_true", help="print the whole card as JSON")
    show.set_defaults(run=run_show)

    pull = actions.add_parser("pull", help="download a released model from the Hugging Face hub")
    pull.add_argument("name", metavar="NAME", help="raddiag-5569")
    pull.add_argument("--labels", type=Path, metavar="F", help="disorder_label_dict.json, if you have it already")
    pull.add_argument("--icd", type=Path, metavar="F", help="JSON: disorder name to ICD-10-CM code or codes")
    pull.add_argument("--output", type=Path, metavar="DIR", help="model folder; by default your data folder")
    pull.set_defaults(run=run_pull)

    importing = actions.add_parser("import", help="turn the authors' pytorch_model.bin into a model folder")
    importing.add_argument("checkpoint", type=Path, metavar="CHECKPOINT", help="pytorch_model.bin")
    importing.add_argument("--labels", type=Path, metavar="F", required=True, help="disorder_label_dict.json")
    importing.add_argument("--icd", type=Path, metavar="F", help="JSON: disorder name to ICD-10-CM code or codes")
    importing.add_argument("--output", type=Path, metavar="DIR", required=True, help="model folder to write")
    importing.set_defaults(run=run_import)

    verify = actions.add_parser("verify", help="hash a model's weights anew, load them, look at every number")
    verify.add_argument("name", metavar="NAME", help="a model's name or folder")
    verify.set_defaults(run=run_verify)


def run_list(args: argparse.Namespace) -> int:
    """List the models on this machine and those that can be pulled."""
    from rich.console import Console
    from rich.table import Table

    from raddiag_engine.models.registry import PULLABLE, list_models

    rows = [_row(model) for model in list_models()]
    absent = [name for name in PULLABLE if name not in {row["name"] for row in rows}]
    if args.json:
        print(json.dumps({"models": rows, "to_pull": absent}, indent=1))
        return 0
    table = Table("model", "origin", "disorders", "description")
    for row in rows:
        table.add_row(row["name"], row["origin"], str(row["disorders"] or ""), row["error"] or row["description"])
    for name in absent:
        table.add_row(name, "not here", "", f"the authors' released weights; raddiag models pull {name}", style="dim")
    Console().print(table)
    return 0


def run_show(args: argparse.Namespace) -> int:
    """Print a model's card."""
    from raddiag_engine.models.card import read_card
    from raddiag_engine.models.registry import find_model

    folder = find_model(args.name)
    card = read_card(folder / "card.json")
    if args.json:
        print(card.to_json(), end="")
        return 0
    _print_card(card, folder)
    return 0


def run_pull(args: argparse.Namespace) -> int:
    """Download and import a released model."""
    from raddiag_engine.models.hub import pull
    from raddiag_engine.models.registry import pulled_folder

    card = pull(args.name, labels=args.labels, icd=args.icd, output=args.output)
    _print_imported(card, args.output or pulled_folder(args.name))
    return 0


def run_import(args: argparse.Namespace) -> int:
    """Import a released checkpoint."""
    from raddiag_engine.models.released import import_released

    with progress_bar() as progress:
        card = import_released(args.checkpoint, args.labels, args.output, icd=args.icd, progress=progress)
    _print_imported(card, args.output)
    return 0


def run_verify(args: argparse.Namespace) -> int:
    """Verify a model."""
    from raddiag_engine.models.registry import find_model
    from raddiag_engine.models.verification import verify_model

    folder = find_model(args.name)
    with progress_bar() as progress:
        verified = verify_model(folder, progress)
    print(
        f"{folder}: sound; SHA-256 {verified.card.weights_sha256[:16]}… matches, {verified.tensors} tensors finite, "
        f"{verified.parameters / 1e6:.1f} million parameters, {len(verified.card.disorders)} disorders"
    )
    return 0


def _row(model: InstalledModel) -> dict[str, Any]:
    """What the list says of a model; one with a damaged card is listed with its fault, beside the sound ones."""
    from raddiag_engine.models.card import read_card

    row = {"name": model.name, "origin": model.origin, "folder": str(model.folder)}
    try:
        card = read_card(model.folder / "card.json")
    except ModelError as error:
        return {**row, "disorders": None, "sha256": None, "description": "", "error": str(error)}
    return {
        **row,
        "disorders": len(card.disorders),
        "sha256": card.weights_sha256,
        "description": card.description,
        "error": None,
    }


def _print_imported(card: ModelCard, folder: Path) -> None:
    coded = [disorder for disorder in card.disorders if disorder.icd10cm]
    by_name = sum(disorder.icd10cm_matched_by_name for disorder in coded)
    print(f"{folder}: {card.name}, {len(card.disorders)} disorders; use it with --model {folder}")
    print(f"ICD-10-CM: {len(coded)} have a code, {by_name} of them matched by name; the others have none")
    print(f"weights: SHA-256 {card.weights_sha256}")


def _print_card(card: ModelCard, folder: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    facts = Table(show_header=False, title=card.name, title_justify="left")
    for fact, text in _facts(card, folder).items():
        facts.add_row(fact, text)
    disorders = Table("disorder", "ICD-10-CM", "tier", "learned from", "threshold")
    for disorder in card.disorders[:SHOWN_DISORDERS]:
        codes = ", ".join(disorder.icd10cm) + (" (by name)" if disorder.icd10cm_matched_by_name else "")
        point = disorder.operating_point
        threshold = (
            "none fitted" if point is None else f"{point.threshold:.2f}" + ("" if point.reliable else " unreliable")
        )
        disorders.add_row(disorder.name, codes, disorder.tier, disorder.learned_from, threshold)
    console = Console()
    console.print(facts, disorders)
    if len(card.disorders) > SHOWN_DISORDERS:
        console.print(f"and {len(card.disorders) - SHOWN_DISORDERS} more; --json lists them all")


def _facts(card: ModelCard, folder: Path) -> dict[str, str]:
    network, preparation = card.network, card.preparation
    tiers = Counter(disorder.tier for disorder in card.disorders)
    anatomies = {"unknown": "any anatomy"}
    return {
        "folder": str(folder),
        "description": card.description,
        "intended use": card.intended_use,
        "licence": card.licence or "not stated",
        "network": f"{network.encoder} encoder, {network.fusion.kind} fusion, {network.head.kind} head, "
        f"width {network.embedding_width}",
        "input": f"2D {preparation.image_size_px} px, 3D {preparation.volume_size_px} px x {preparation.depth} slices; "
        f"trained on {'any number of' if card.max_scans is None else f'at most {card.max_scans}'} scans a case",
        "covers": "; ".join(f"{c.modality}: {anatomies.get(c.anatomy, c.anatomy)}" for c in card.coverage)
        or "not stated",
        "disorders": f"{len(card.disorders)}: "
        + ", ".join(f"{tiers[tier]} {tier}" for tier in ("head", "medium", "tail")),
        "trained on": "\n".join(
            f"{s.name}: {s.cases} {'real' if s.real else 'synthetic'} cases; {s.terms}" for s in card.sources
        ),
        "shortcuts": "\n".join(card.shortcuts),
        "evaluation": "\n".join(f"{name}: {value:.3f}" for name, value in card.evaluation.items()),
        "disorders by name": _names_taken(card),
        "weights": f"SHA-256 {card.weights_sha256}",
    }


def _names_taken(card: ModelCard) -> str:
    """Whether the model can be asked about disorders that it never learned."""
    encoder = card.knowledge_encoder
    if encoder is None or card.network.head.kind != "knowledge":
        return "no: it scores its own disorders only"
    where = "held by the model" if encoder.stored else "not held by the model, see --encoder"
    return (
        f"yes, through the knowledge encoder {encoder.name} ({encoder.kind}, SHA-256 {encoder.sha256[:16]}…), {where}"
    )
