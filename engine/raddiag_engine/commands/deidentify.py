"""`raddiag deidentify`: copies of scans that do not say whose they are."""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from raddiag_engine.deidentification.choices import Region
    from raddiag_engine.deidentification.run import Report

DESCRIPTION = (
    "Copy scans without identity, by the Basic Profile of DICOM PS3.15: only listed attributes stay, UIDs are replaced "
    "and dates moved back by a time that is random for each patient, the same way in all files of one run. Pictures "
    "into which words may be burned are refused. Nothing is written over the originals."
)


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser("deidentify", help="copy scans without identity", description=DESCRIPTION)
    parser.add_argument("input", type=Path, metavar="IN", help="a file or folder")
    parser.add_argument("output", type=Path, metavar="OUT", help="a folder that is empty or does not exist yet")
    parser.add_argument(
        "--blank",
        action="append",
        default=[],
        type=_region,
        metavar="ROW,COL,HEIGHT,WIDTH",
        help="make this rectangle black in pictures into which words may be burned, and write them (repeatable)",
    )
    parser.add_argument(
        "--allow-burned-in", action="store_true", help="write pictures into which words may be burned as they are"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Copy, then say what was copied and what was refused.

    Raises:
        RaddiagError: There is nothing to read, nothing of it could be copied, or the output folder holds something,
            lies among the originals or cannot be written.
    """
    from raddiag_engine.commands.output_folder import check_output_folder, output_folder
    from raddiag_engine.commands.progress_bar import progress_bar
    from raddiag_engine.deidentification.choices import Choices
    from raddiag_engine.deidentification.run import Refused, copy_files
    from raddiag_engine.deidentification.shown_path import shown_path
    from raddiag_engine.errors import RaddiagError
    from raddiag_engine.reading.finding import find_files

    _check_apart(arguments.input, arguments.output)
    check_output_folder(arguments.output)
    files, unread = find_files([arguments.input])
    choices = Choices(tuple(arguments.blank), arguments.allow_burned_in)
    with output_folder(arguments.output) as folder, progress_bar() as progress:
        source = arguments.input if arguments.input.is_dir() else arguments.input.parent
        report = copy_files(files, source, folder, choices, progress)
        report.refused += [Refused(shown_path(Path(line.path.name), report.names), line.reason) for line in unread]
        if not report.written:
            others = f" (and {len(report.refused) - 1} other files)" if len(report.refused) > 1 else ""
            raise RaddiagError(f"{report.refused[0].shown}: {report.refused[0].reason}{others}; nothing was written")
    _print(report)
    return 0


def _region(text: str) -> Region:
    from raddiag_engine.deidentification.choices import Region

    try:
        return Region.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not ROW,COL,HEIGHT,WIDTH in pixels") from error


def _check_apart(source: Path, output: Path) -> None:
    from raddiag_engine.errors import RaddiagError

    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise RaddiagError(f"{output}: is not an empty folder; copies are not mixed with other files, choose another")
    one, other = source.resolve(), output.resolve()
    if one.is_relative_to(other) or other.is_relative_to(one):
        raise RaddiagError(f"{output}: the copies must not lie among the originals; choose another folder")


def _print(report: Report) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    table = Table(title=f"files written: {sum(report.written.values())}", title_justify="left")
    table.add_column("folder", overflow="fold")
    table.add_column("files", justify="right")
    for series, count in sorted(report.written.items()):
        table.add_row(series, str(count))
    console.print(table)
    for note, count in report.notes.items():
        console.print(f"[bold]{count} files[/] {escape(note)}", soft_wrap=True)
    for series in report.faces:
        console.print(
            f"[bold]{series}[/] may be the volume of a head: a face can be drawn from its surface; remove it "
            "before you give the copy away",
            soft_wrap=True,
        )
    if report.refused:
        console.print(f"\nfiles refused: {len(report.refused)}")
    by_reason = defaultdict(list)
    for line in report.refused:
        by_reason[line.reason].append(line.shown)
    for reason, names in by_reason.items():
        more = f" and {len(names) - 1} others" if len(names) > 1 else ""
        console.print(f"[bold]{escape(names[0])}[/]{more}: {escape(reason)}", soft_wrap=True)
