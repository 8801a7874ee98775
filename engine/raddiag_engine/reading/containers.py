"""Files that hold or name other files: archives and the DICOMDIR of a medium."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from raddiag_engine.cases import Skipped
from raddiag_engine.errors import ReadError
from raddiag_engine.reading.finding import without_images_of_pairs
from raddiag_engine.reading.formats import FileFormat
from raddiag_engine.reading.unpacked_files import UnpackedFiles

if TYPE_CHECKING:
    from raddiag_engine.reading.reader import Started


@dataclass(frozen=True)
class Inside:
    """How to read what archives and indices hold.

    Attributes:
        found: Called with an archive, or None, and further files: those in the archive under the names they are shown
            by, or those that an index names.
        members: Archive -> the files in it to read, by those names; all of an archive that is not among the keys.
        unpack_in: An empty folder to use, which its maker removes; None for one of our own.
    """

    found: Callable[[Path | None, Sequence[Path]], None] = lambda container, files: None
    members: Mapping[Path, Collection[Path]] = field(default_factory=dict)
    unpack_in: Path | None = None


class Containers:
    """Opens archives and indices one after another."""

    def __init__(self, inside: Inside, started: Started, place: UnpackedFiles) -> None:
        self._inside = inside
        self._started = started
        self._place = place

    def open(self, path: Path, file_format: FileFormat) -> Iterator[Path | Skipped]:
        """The files that it holds or names, and a line for what of it is not read.

        Raises:
            ReadError: Nothing can be had from it, or no more than was yielded.
        """
        if file_format is FileFormat.DICOMDIR:
            yield from self._named_by(path)
        else:
            yield from self._held_by(path, file_format)

    def _named_by(self, path: Path) -> Iterator[Path | Skipped]:
        from raddiag_engine.reading.dicomdir import read_dicomdir

        if self._place.shown(path) != path:
            raise ReadError(path, "is a DICOMDIR, the index of other files in this archive, which are read without it")
        index = read_dicomdir(path)
        self._inside.found(None, index.files)
        yield from index.files
        yield Skipped(path, index.reason)

    def _held_by(self, path: Path, file_format: FileFormat) -> Iterator[Path | Skipped]:
        from raddiag_engine.reading.archive import Unpacking

        wanted = self._inside.members.get(path)
        files: list[Path] = []
        said_anything = False
        try:
            unpacking = Unpacking(path, self._place, wanted, lambda: self._started(path, "header"))
            for item in unpacking.files(file_format):
                if isinstance(item, Skipped):
                    said_anything = True
                    yield item
                else:
                    files.append(item)
        except ReadError as error:
            said_anything = True
            yield Skipped(path, error.reason)
        if not files and not said_anything:
            yield Skipped(path, "is an archive with no files in it")
        files = without_images_of_pairs(files)
        self._inside.found(path, [self._place.shown(file) for file in files])
        yield from files
