"""The cases opened last: their paths and nothing else, readable by the user alone."""

from __future__ import annotations

import threading
from pathlib import Path

from napari_raddiag.session.private_file import read_private, viewer_folder, write_private

SCHEMA = 1
CAPACITY = 12
Paths = tuple[Path, ...]


class RecentCases:
    """A short list of paths, newest first, kept in a file that several viewers may share.

    Whether the cases are still there is not looked at: a share that does not answer would hold up the window, and one
    that is away for an hour must not cost the reader the list. Opening a case that is gone says so.

    `read`, `add` and `clear` touch the disk and are for the background; they may be called from several threads.

    Args:
        enabled: False keeps nothing; `read` then removes what was kept.
        file: Of the list; the user's own by default.
    """

    def __init__(self, *, enabled: bool = True, file: Path | None = None) -> None:
        self.file = file or viewer_folder() / "recent.json"
        self.enabled = enabled
        self._known: tuple[Paths, ...] = ()
        self._lock = threading.Lock()

    def list(self) -> tuple[Paths, ...]:
        """The cases, newest first, as last read or written here; touches no disk."""
        return self._known

    def read(self) -> None:
        """Take over what the file holds; a damaged list is an empty one.

        Raises:
            OSError: The list is switched off, and what was kept cannot be removed.
        """
        if not self.enabled:
            self.clear()
            return
        with self._lock:
            self._known = self._kept()

    def add(self, paths: Paths) -> None:
        """Put a case first.

        Raises:
            OSError: The list cannot be written.
        """
        if not self.enabled or not paths:
            return
        absolute = tuple(path.absolute() for path in paths)
        with self._lock:
            # Read again: another viewer may have added to it.
            cases = (absolute, *(other for other in self._kept() if other != absolute))[:CAPACITY]
            self._known = cases
            write_private(self.file, {"schema": SCHEMA, "cases": [[str(path) for path in case] for case in cases]})

    def clear(self) -> None:
        """Forget all of them.

        Raises:
            OSError: The file cannot be removed.
        """
        with self._lock:
            self._known = ()
            self.file.unlink(missing_ok=True)

    def _kept(self) -> tuple[Paths, ...]:
        entries = (read_private(self.file, SCHEMA) or {}).get("cases")
        if not isinstance(entries, list):
            return ()
        return tuple(tuple(map(Path, entry)) for entry in entries if _is_paths(entry))


def _is_paths(entry: object) -> bool:
    return isinstance(entry, list) and bool(entry) and all(isinstance(name, str) and name for name in entry)
