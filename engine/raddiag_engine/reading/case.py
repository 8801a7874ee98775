"""From paths to a case: find the files, read them in a guarded child, put the scans together."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from raddiag_engine.cases import Case, Scan, Skipped
from raddiag_engine.errors import ReadError
from raddiag_engine.reading.finding import find_files
from raddiag_engine.reading.finish import with_unique_ids
from raddiag_engine.reading.name_guess import NamesAround
from raddiag_engine.reading.patients import with_identity_warnings
from raddiag_engine.reading.reader import Step

Progress = Callable[[int, int, str], None]
Found = Callable[[Scan], None]


def read_case(
    paths: Iterable[Path | str],
    *,
    progress: Progress | None = None,
    found: Found | None = None,
    guarded: bool = True,
) -> Case:
    """Read all scans in files and folders as one case.

    Args:
        paths: Files or folders, which are searched with their subfolders; zip and tar archives, and the DICOMDIR of
            a medium, stand for the files they hold or name.
        progress: Called with (steps done, steps in all, what is done); may raise `Cancelled`, which stops the reading.
        found: Called with each scan as soon as it is read, while others still are: with its final id, values and
            place, but without what only the whole case shows (whether it is of one patient); may raise as well.
        guarded: Parse in a child process with limits on memory and time, so that a file that crashes or hangs a decoder
            costs one line. False parses in this process: for files that are trusted.

    Returns:
        The scans, unusable ones included, and the files that gave none, with the folders that cannot be read.

    Raises:
        ReadError: A path does not exist or cannot be read, a folder is empty, or there is no scan in any file; names
            the first reason.
    """
    given = [Path(path) for path in paths]
    files, unread = find_files(given)
    counter = _Counter(progress, total=2 * len(files))
    left_out: list[Skipped] = []
    names = NamesAround(given)
    scans: list[Scan] = []
    with closing(_read(files, counter, guarded)) as items:
        for scan in with_unique_ids(map(names.completed, _scans_among(items, left_out))):
            scans.append(scan)
            if found is not None:
                found(scan)
    skipped = (*left_out, *unread)
    if not scans:
        others = f" ({len(skipped) - 1} other files gave no scan either)" if len(skipped) > 1 else ""
        raise ReadError(skipped[0].path, skipped[0].reason + others)
    return with_identity_warnings(Case(tuple(scans), skipped))


def _read(files: Sequence[Path], counter: _Counter, guarded: bool) -> Generator[Scan | Skipped, None, None]:
    if guarded:
        from raddiag_engine.reading.kept_reader import kept_reader

        with kept_reader() as reader, closing(reader.read(files, counter.started, counter.found)) as items:
            yield from items
        return
    from raddiag_engine.reading.containers import Inside
    from raddiag_engine.reading.reader import read_files

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the parsers' warnings quote header values
        inside = Inside(found=lambda container, inside: counter.found(inside))
        yield from read_files(files, counter.started, inside)


def _scans_among(items: Iterable[Scan | Skipped], skipped: list[Skipped]) -> Iterator[Scan]:
    for item in items:
        if isinstance(item, Scan):
            yield item
        else:
            skipped.append(item)


class _Counter:
    """Counts each file's header and pixels once; archives let the total grow."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress = progress
        self.total = total
        self.seen: set[tuple[Path, Step]] = set()

    def found(self, files: Sequence[Path]) -> None:
        self.total += 2 * len(files)

    def started(self, path: Path, step: Step) -> None:
        self.seen.add((path, step))
        if self.progress is not None:
            self.progress(len(self.seen), self.total, "reading")
