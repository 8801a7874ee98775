"""Archives unpacked on conditions: an archive from anywhere may be a bomb, or name files outside itself."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from raddiag_engine.cases import Skipped
from raddiag_engine.errors import ReadError
from raddiag_engine.reading.archive_entries import Entry, tar_entries, zip_entries
from raddiag_engine.reading.child_limits import installed_bytes
from raddiag_engine.reading.failures import as_read_error
from raddiag_engine.reading.formats import CONTAINERS, PEEK_BYTES, FileFormat, format_of_head
from raddiag_engine.reading.limits import GIB
from raddiag_engine.reading.unpacked_files import UnpackedFiles

MAX_UNPACKED_BYTES, SHARE_OF_MEMORY = 16 * GIB, 0.25
# Deflate reaches 1000 : 1 on empty slices, so that a small archive may do what it likes.
MAX_RATIO, FREE_BYTES = 200, 256 * 2**20
MOST_LINES = 20
NOT_DATA = ("__MACOSX",)


@dataclass
class Unpacking:
    """One archive as it is unpacked.

    Attributes:
        path: The archive.
        place: Where its files go.
        wanted: Shown paths of the files to unpack, None for all.
        alive: Called for every entry.
    """

    path: Path
    place: UnpackedFiles
    wanted: Collection[Path] | None
    alive: Callable[[], None]
    seen: set[PurePosixPath] = field(default_factory=set)
    refused: dict[str, list[str]] = field(default_factory=dict)
    unpacked_bytes: int = 0
    failures: int = 0

    def files(self, file_format: FileFormat) -> Iterator[Path | Skipped]:
        """Where its files can be read, a line for each file of a format that is not read, and one for each reason why
        entries are refused.

        Raises:
            ReadError: It is damaged, or a bomb; what came before that is to be kept.
        """
        entries = zip_entries(self.path) if file_format is FileFormat.ZIP else tar_entries(self.path)
        try:
            with as_read_error(self.path, "unpack this archive"):
                for entry in entries:
                    self.alive()
                    yield from self._file(entry)
        finally:
            entries.close()  # type: ignore[attr-defined]
        for reason, names in self.refused.items():
            count = "1 of its entries" if len(names) == 1 else f"{len(names)} of its entries"
            yield Skipped(self.path, f"{count} {reason}; not read (the first is {names[0]!r})")

    def _file(self, entry: Entry) -> Iterator[Path | Skipped]:
        inside = _inside(entry.name)
        refusal = entry.refusal or ("lie outside of it by their names" if inside is None else None)
        if inside is None or refusal:
            self.refused.setdefault(refusal or "", []).append(entry.name[:80])
            return
        if any(part.startswith(".") or part in NOT_DATA for part in inside.parts):
            return
        if inside in self.seen:
            self.refused.setdefault("have the name of another", []).append(entry.name[:80])
            return
        self.seen.add(inside)
        shown = self.path / inside
        if self.wanted is not None and shown not in self.wanted:
            return
        if self.place.is_full:
            raise ReadError(self.path, "holds more files than this system lets one open; unpack it and give the folder")
        try:
            with as_read_error(shown, "unpack it"):
                parts = self._counted(entry)
                head = b""
                while len(head) < PEEK_BYTES and (part := next(parts, b"")):
                    head += part
                # The image of a NIfTI pair begins with its voxels.
                if not shown.name.lower().endswith((".img", ".img.gz")):
                    _check_format(shown, head)
                found = self.place.add(shown, itertools.chain((head,), parts))
        except ReadError as error:
            if error.path == self.path:
                raise
            self.failures += 1
            if self.failures > MOST_LINES:
                self.refused.setdefault("cannot be unpacked either", []).append(entry.name[:80])
            else:
                yield Skipped(shown, error.reason)
        else:
            yield found

    def _counted(self, entry: Entry) -> Iterator[bytes]:
        most = min(MAX_UNPACKED_BYTES, int(SHARE_OF_MEMORY * installed_bytes()))
        suspicious = max(FREE_BYTES, MAX_RATIO * self.path.stat().st_size)
        for part in entry.parts():
            self.unpacked_bytes += len(part)
            if self.unpacked_bytes > most:
                raise ReadError(self.path, f"unpacks to more than {most / GIB:.0f} GiB; unpack it and give the folder")
            if self.unpacked_bytes > suspicious:
                raise ReadError(
                    self.path,
                    f"unpacks to more than {MAX_RATIO} times its size, as a decompression bomb does; "
                    "if you trust it, unpack it and give the folder",
                )
            self.alive()
            yield part


def _inside(name: str) -> PurePosixPath | None:
    """The path inside the archive; None if it leads out of it. Some programs for Windows write backslashes."""
    parts = name.replace("\\", "/").split("/")
    leads_out = ".." in parts or not parts[0] or re.match("[A-Za-z]:", name) or "\0" in name
    kept = [part for part in parts if part not in ("", ".")]
    return None if leads_out or not kept else PurePosixPath(*kept)


def _check_format(shown: Path, head: bytes) -> None:
    if format_of_head(shown, head) in CONTAINERS - {FileFormat.DICOMDIR}:
        raise ReadError(shown, "is an archive inside an archive; unpack it and give the folder")
