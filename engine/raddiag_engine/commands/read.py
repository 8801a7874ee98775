"""`raddiag read`: what is in some files: scans, geometry, warnings, and the files skipped and why."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from raddiag_engine.cases import Case, Scan

SIDES = {"L": "left", "R": "right", "B": "both sides"}


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    text = "show which scans files and folders hold, what is wrong with them, and which files were skipped"
    parser = subparsers.add_parser("read", help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files and folders; together one case")
    parser.add_argument(
        "--json", metavar="F", help="write the list as JSON to the file F, or to standard output if F is -"
    )
    parser.add_argument("--nifti", type=Path, metavar="DIR", help="write each scan as DIR/<id>.nii.gz")
    parser.add_argument("--patient", type=int, metavar="N", help="which patient, if the paths hold several (from 1)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Read and report.

    Raises:
        ReadError: There is no scan.
        CaseError: Scans of several patients and no --patient.
    """
    from raddiag_engine.commands.json_output import STANDARD_OUTPUT, check_json_target, write_json
    from raddiag_engine.commands.progress_bar import progress_bar
    from raddiag_engine.reading import one_patient, read_case

    check_json_target(arguments.json)
    with progress_bar() as progress:
        case = one_patient(read_case(arguments.paths, progress=progress), arguments.patient)
    if arguments.nifti is not None:
        _write_nifti(case, arguments.nifti)
    if arguments.json is not None:
        write_json(case_listing(case), arguments.json)
    if arguments.json != STANDARD_OUTPUT:
        _print_tables(case, arguments.nifti)
    return 0


def case_listing(case: Case) -> dict[str, Any]:
    """The scans and skipped files as plain data; holds no patient data but the paths."""
    return {
        "scans": [_scan_listing(scan) for scan in case.scans],
        "skipped": [{"path": str(line.path), "reason": line.reason} for line in case.skipped],
    }


def _scan_listing(scan: Scan) -> dict[str, Any]:
    return {
        "id": scan.id,
        "kind": scan.kind,
        "modality": scan.modality.value,
        "shape": list(scan.voxels.shape),
        "affine": None if scan.affine is None else scan.affine.tolist(),
        "spacing_mm": None if scan.spacing_mm is None else list(scan.spacing_mm),
        "usable": scan.usable,
        "reason": scan.reason,
        "warnings": [{"code": warning.code.value, "message": warning.message} for warning in scan.warnings],
        "files": [str(path) for path in scan.sources],
        "units": scan.units,
        "view": scan.view or None,
        "laterality": scan.laterality or None,
        "contrast_agent": scan.contrast_agent,
        "frame_time_ms": scan.frame_time_ms,
        "anatomy": scan.anatomy.value,
    }


def _write_nifti(case: Case, folder: Path) -> None:
    from raddiag_engine.errors import RaddiagError
    from raddiag_engine.reading.nifti_export import write_scan

    for scan in case.scans:
        try:
            write_scan(folder, scan)
        except OSError as error:
            raise RaddiagError(f"{folder}: cannot be written ({error.strerror}); choose another folder") from error


def _print_tables(case: Case, folder: Path | None) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    table = Table(title=f"scans: {len(case.scans)}", title_justify="left")
    table.add_column("scan", no_wrap=True)
    for heading in ("modality", "kind", "size", "spacing (mm)", "units"):
        table.add_column(heading, overflow="fold")
    for scan in case.scans:
        size = " x ".join(map(str, scan.voxels.shape))
        spacing = " x ".join(f"{length:.3g}" for length in scan.spacing_mm) if scan.spacing_mm else "unknown"
        table.add_row(scan.id, _shown_modality(scan), scan.kind, size, spacing, escape(scan.units))
    console.print(table)
    _print_notes(console, case, folder)


def _shown_modality(scan: Scan) -> str:
    """Marked as in the viewer where it is a guess."""
    from raddiag_engine.cases import WarningCode

    return f"{scan.modality.value} ?" if scan.has_warning(WarningCode.MODALITY_GUESSED) else scan.modality.value


def _said_by_header(scan: Scan) -> Iterator[str]:
    """View, side, contrast agent and frame time, as far as the header says."""
    if scan.view:
        yield f"view {scan.view}"
    if scan.laterality:
        yield SIDES.get(scan.laterality, scan.laterality)
    if scan.contrast_agent is not None:
        yield "contrast agent" if scan.contrast_agent else "no contrast agent"
    if scan.frame_time_ms is not None:
        yield f"{scan.frame_time_ms:.4g} ms a frame"


def _said_of_nifti(scan: Scan) -> str:
    from raddiag_engine.reading.nifti_export import on_even_grid

    if on_even_grid(scan, scan.voxels, 0.0)[1] is None:
        return "NIfTI: its slices are not evenly spaced, or too far apart, so that it is written without an affine"
    return "NIfTI: the slices that are missing are written as filling, so that the others lie where they should"


def _print_notes(console: Console, case: Case, folder: Path | None) -> None:
    """Below the table, at full width: what the header of each scan says and what is wrong, then the files skipped."""
    from rich.markup import escape

    for scan in case.scans:
        said = ", ".join(_said_by_header(scan))
        notes = [f"header: {said}"] if said else []
        if folder is not None and scan.slice_places is not None:
            notes.append(_said_of_nifti(scan))
        notes += [] if scan.usable else [f"not used: {scan.reason}"]
        notes += [f"{warning.code.value}: {warning.message}" for warning in scan.warnings]
        for note in notes:
            console.print(f"[bold]{scan.id}[/] {escape(note)}", soft_wrap=True)
    if case.skipped:
        console.print(f"\nfiles skipped: {len(case.skipped)}")
    for line in case.skipped:
        console.print(f"[bold]{escape(str(line.path))}[/] {escape(line.reason)}", soft_wrap=True)
