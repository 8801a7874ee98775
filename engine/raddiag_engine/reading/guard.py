"""Reading in a child process: a file that crashes, hangs or swells costs one line, never this process."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from types import TracebackType

from raddiag_engine.cases import Scan, Skipped
from raddiag_engine.errors import ReadError
from raddiag_engine.reading.child_limits import GuardLimits
from raddiag_engine.reading.child_process import ChildProcess
from raddiag_engine.reading.reader import Started
from raddiag_engine.reading.scan_message import scan_from_message
from raddiag_engine.reading.unpacked_files import FOLDER_PREFIX

__all__ = ["GuardLimits", "GuardedReader"]

WORKER = "raddiag_engine.reading.worker"
# On a busy machine the imports alone may take long; they say nothing of the files.
START_SECONDS = 120.0

Found = Callable[[Sequence[Path]], None]


class GuardedReader:
    """A child process that reads files, started when it is needed and again when it died; use as a context manager.

    Not for two threads at once.
    """

    def __init__(self, limits: GuardLimits | None = None) -> None:
        self.limits = limits or GuardLimits()
        self._child: ChildProcess | None = None
        self._is_ready = False

    def __enter__(self) -> GuardedReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def process_id(self) -> int | None:
        """Of the child, None if there is none."""
        return None if self._child is None else self._child.process.pid

    def start(self) -> None:
        """Start the child ahead of its first job; does not wait for it."""
        if self._child is not None and not self._child.is_alive:  # the system may have ended it while it was idle
            self.close()
        if self._child is None:
            self._child, self._is_ready = ChildProcess(WORKER, self.limits), False

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def let_go(self) -> None:
        """Forget the child without ending it: for a copy of this process that was forked off."""
        if self._child is not None:
            self._child.let_go()
            self._child = None

    def read(
        self, files: Sequence[Path], started: Started, found: Found = lambda files: None
    ) -> Generator[Scan | Skipped, None, None]:
        """As `read_files`, in the child. When it dies, the file at work is skipped and a new one reads the rest.

        A reading that is given up in the middle, by closing the iterator or by an exception from `started`, ends it.

        Args:
            files: Files, archives among them.
            started: Called before a file's header and before its pixels are parsed.
            found: Called with further files, which an archive or an index holds.

        Raises:
            ReadError: The child cannot be started at all.
        """
        if not files:
            return
        work = _Remaining(files)
        finished = False
        try:
            while work.files and not finished:
                # Made and removed here, as the child may not live to do so.
                with tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX, ignore_cleanup_errors=True) as folder:
                    finished = yield from self._one_run(work, folder, started, found)
        finally:
            if not finished:
                self.close()

    def _one_run(
        self, work: _Remaining, unpack_in: str, started: Started, found: Found
    ) -> Generator[Scan | Skipped, None, bool]:
        """Read what remains until it is done or the child is dead; returns which."""
        child = self._ready_child(next(iter(work.files.values())))
        child.order(work.job(unpack_in))
        at, step = "", "pixels"
        while True:
            is_header = step == "header"
            message, arrays = child.next_message(self.limits.header_seconds if is_header else None)
            match message["kind"]:
                case "started":
                    at, step = str(message["path"]), message["step"]
                    started(work.files.get(at, Path(at)), step)
                case "found":
                    found(work.found_inside(message["container"], message["files"]))
                case "scan":
                    scan = scan_from_message(message["scan"], arrays)
                    work.done(str(path) for path in scan.sources)
                    yield scan
                case "skipped":
                    yield from work.skipped(message["path"], message["reason"])
                case "finished":
                    return True
                case "died":
                    self.close()
                    yield from work.died_at(at, message["reason"])
                    return False

    def _ready_child(self, path: Path) -> ChildProcess:
        self.start()
        assert self._child is not None
        if not self._is_ready:
            message, _ = self._child.next_message(START_SECONDS)
            if message["kind"] != "ready":
                self.close()
                raise ReadError(path, f"cannot be read, as the reading process does not start ({message['reason']})")
            self._is_ready = True
        return self._child


class _Remaining:
    """The files of which nothing was said yet."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.files = {str(path): path for path in files}
        self.archive_of: dict[str, str] = {}
        self.said: set[tuple[str, str]] = set()
        self.has_died_unheard = False

    def job(self, unpack_in: str) -> dict[str, object]:
        """What a child is to read, relative to the folder this process is in."""
        members = defaultdict(list)
        for name in self.files:
            if name in self.archive_of:
                members[self.archive_of[name]].append(name)
        plain = [name for name in self.files if name not in self.archive_of]
        return {"files": plain, "members": members, "folder": str(Path.cwd()), "unpack_in": unpack_in}

    def found_inside(self, container: str, names: Sequence[str]) -> list[Path]:
        """Further files; an archive is replaced by what it holds. Returns those that are new."""
        new = [Path(name) for name in names if name not in self.files]
        is_archive = self.files.pop(container, None) is not None
        for path in new:
            self.files[str(path)] = path
            if is_archive:
                self.archive_of[str(path)] = container
        return new

    def done(self, names: Iterator[str]) -> None:
        """These are part of a scan."""
        for name in names:
            self.files.pop(name, None)

    def died_at(self, name: str, reason: str) -> Iterator[Skipped]:
        """The child died at work on this one; every death takes away something, so that it ends."""
        inside = [member for member, archive in self.archive_of.items() if archive == name]
        if name in self.files:
            yield from self.skipped(name, reason)
        elif inside:  # it could be unpacked once, and the second time it could not
            self.done(iter(inside))
            yield Skipped(Path(name), reason)
        elif self.has_died_unheard:
            for rest in list(self.files):
                yield from self.skipped(rest, reason)
        else:  # it may not have been a file's fault
            self.has_died_unheard = True

    def skipped(self, name: str, reason: str) -> Iterator[Skipped]:
        """This one gave no scan; said once, though an archive that is opened again may repeat it."""
        path = self.files.pop(name, Path(name))
        if (name, reason) not in self.said:
            self.said.add((name, reason))
            yield Skipped(path, reason)
