"""Every file to the reader of its format."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from raddiag_engine.cases import Scan, Skipped
from raddiag_engine.errors import ReadError
from raddiag_engine.reading.containers import Containers, Inside
from raddiag_engine.reading.failures import as_read_error
from raddiag_engine.reading.formats import CONTAINERS, FileFormat, detect_format
from raddiag_engine.reading.unpacked_files import UnpackedFiles

Step = Literal["header", "pixels"]
Started = Callable[[Path, Step], None]


def read_file(path: Path | str) -> list[Scan]:
    """The scans in one file, read in this process; for files that are trusted.

    Raises:
        ReadError: There is no scan in it, with the reason.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the parsers' warnings quote header values
        found = list(read_files([Path(path)]))
    scans = [scan for scan in found if isinstance(scan, Scan)]
    skipped = [line for line in found if isinstance(line, Skipped)]
    if not scans:
        raise ReadError(path, skipped[0].reason)
    return scans


def read_files(
    files: Sequence[Path], started: Started = lambda path, step: None, inside: Inside | None = None
) -> Iterator[Scan | Skipped]:
    """All scans in some files, and the files that gave none; a bad file costs only itself.

    DICOM files are grouped, over all of `files` and what archives and indices among them hold, into series; every other
    file stands for itself.

    Args:
        files: Files, not folders, in any order; the order of the scans does not depend on it.
        started: Called before a file's header and before its pixels are parsed, so that a watcher knows which file is
            at fault if the process dies.
        inside: How to read archives and indices.

    Yields:
        Scans without regard to their ids being unique, and skipped files. A file in an archive is called
        <archive>/<path in the archive>.
    """
    inside = inside or Inside()
    with UnpackedFiles(inside.unpack_in) as place:

        def started_as_shown(path: Path, step: Step) -> None:
            started(place.shown(path), step)

        for item in _read_all(files, started_as_shown, inside, place):
            if isinstance(item, Scan):
                yield replace(item, sources=tuple(map(place.shown, item.sources)))
            else:
                yield Skipped(place.shown(item.path), place.without_own_names(item.reason))


def _read_all(
    files: Sequence[Path], started: Started, inside: Inside, place: UnpackedFiles
) -> Iterator[Scan | Skipped]:
    dicom_files: list[Path] = []
    containers = Containers(inside, started, place)
    waiting = deque(sorted(files))
    archives = deque(sorted(inside.members))
    known = set(files)
    while waiting or archives:
        path = (waiting or archives).popleft()
        started(path, "header")
        try:
            file_format = detect_format(path)
            if file_format in CONTAINERS:
                for item in containers.open(path, file_format):
                    if isinstance(item, Skipped):
                        yield item
                    elif item not in known:
                        known.add(item)
                        waiting.append(item)
            elif file_format is FileFormat.DICOM:
                dicom_files.append(path)
            else:
                started(path, "pixels")
                with as_read_error(path, f"read this {file_format.value} file"):
                    scans = _read_single(path, file_format)
                yield from scans
        except ReadError as error:
            yield Skipped(path, error.reason)
    if dicom_files:
        from raddiag_engine.reading.dicom import read_dicom_files

        yield from read_dicom_files(dicom_files, started)


def _read_single(path: Path, file_format: FileFormat) -> list[Scan]:
    # Each library is imported with its first file: nibabel and tifffile would double the child's start.
    match file_format:
        case FileFormat.PNG | FileFormat.JPEG:
            from raddiag_engine.reading.picture import read_picture

            return read_picture(path, file_format)
        case FileFormat.TIFF:
            from raddiag_engine.reading.tiff import read_tiff

            return read_tiff(path)
        case FileFormat.NPY:
            from raddiag_engine.reading.npy import read_npy

            return read_npy(path)
        case FileFormat.NIFTI:
            from raddiag_engine.reading.nifti import read_nifti

            return read_nifti(path)
        case _:
            raise ReadError(path, f"a {file_format.value} file is read together with others")
