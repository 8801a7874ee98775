"""The arguments of every command that works on one patient's case, and the case they name."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from raddiag_engine.cases import Anatomy, Case, Modality

    Word = TypeVar("Word", Modality, Anatomy)


def add_case_arguments(parser: argparse.ArgumentParser) -> None:
    """PATH..., --patient, --modality, --anatomy."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files and folders; together one case")
    parser.add_argument("--patient", type=int, metavar="N", help="which patient, if the paths hold several (from 1)")
    unsaid = "of the scans whose file does not say it, such as"
    parser.add_argument("--modality", type=_modality, metavar="M", help=f"{unsaid} MRI or X-ray")
    parser.add_argument("--anatomy", type=_anatomy, metavar="A", help=f"{unsaid} 'head and neck' or chest")


def case_from(arguments: argparse.Namespace) -> Case:
    """Read the case that the arguments name, of one patient, with what the user says of it.

    Raises:
        ReadError: A path that cannot be read.
        CaseError: Scans of two patients and no --patient, or no scan.
    """
    from raddiag_engine.commands.progress_bar import progress_bar
    from raddiag_engine.reading import read_case
    from raddiag_engine.reading.patients import one_patient

    with progress_bar() as progress:
        case = one_patient(read_case(arguments.paths, progress=progress), arguments.patient)
    return described(case, arguments)


def described(case: Case, arguments: argparse.Namespace) -> Case:
    """The case with --modality and --anatomy given to the scans whose file does not say them or lets one guess."""
    from raddiag_engine.cases import Anatomy, Modality, WarningCode

    for scan in case.scans:
        guessed = scan.has_warning(WarningCode.MODALITY_GUESSED)
        is_open = scan.anatomy is Anatomy.UNKNOWN or scan.has_warning(WarningCode.ANATOMY_GUESSED)
        asked = arguments.modality is not None and (guessed or scan.modality is Modality.UNKNOWN)
        modality = arguments.modality if asked else scan.modality
        anatomy = arguments.anatomy if is_open else None
        if asked:
            case = case.replacing(scan.with_modality(modality, anatomy))
        elif anatomy is not None:
            case = case.replacing(scan.with_anatomy(anatomy))
    return case


def _modality(text: str) -> Modality:
    from raddiag_engine.cases import Modality

    return _word(Modality, text)


def _anatomy(text: str) -> Anatomy:
    from raddiag_engine.cases import Anatomy

    return _word(Anatomy, text)


def _word(vocabulary: Iterable[Word], text: str) -> Word:
    known = {word.value.casefold(): word for word in vocabulary if word.value != "unknown"}
    if text.casefold().strip() not in known:
        raise argparse.ArgumentTypeError(f"{text!r} is not one of: {', '.join(word.value for word in known.values())}")
    return known[text.casefold().strip()]
