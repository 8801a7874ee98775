"""The cases opened last: their paths and nothing else, readable by the user alone."""

from __future__ import annotations

from pathlib import Path

from napari_raddiag.session.private_file import read_private, viewer_folder, write_private

SCHEMA = 1
CAPACITY = 12
Paths = tuple[Path, ...]


class RecentCases:
    """A short list of paths, newest first, kept in a file.

    Args:
        enabled: False keeps nothing and removes what was kept.
        file: Of the list; the user's own by default.
    """

    def __init__(self, *, enabled: bool = True, file: Path | None = None) -> None:
        self.file = file or viewer_folder() / "recent.json"
        self.enabled = enabled
        if not enabled:
            self.clear()

    def list(self) -> tuple[Paths, ...]:
        """The cases, newest first; those whose files are gone are left out."""
        data = read_private(self.file, SCHEMA) or {}
        entries = data.get("cases", [])
        cases = [tuple(map(Path, entry)) for entry in entries if _is_paths(entry)]
        return tuple(paths for paths in cases if all(path.exists() for path in paths))

    def add(self, paths: Paths) -> None:
        """Put a case first.

        Raises:
            OSError: The list cannot be written.
        """
        if not self.enabled or not paths:
            return
        absolute = tuple(path.absolute() for path in paths)
        cases = [absolute, *(other for other in self.list() if other != absolute)][:CAPACITY]
        write_private(self.file, {"schema": SCHEMA, "cases": [[str(path) for path in case] for case in cases]})

    def clear(self) -> None:
        """Forget all of them."""
        self.file.unlink(missing_ok=True)


def _is_paths(entry: object) -> bool:
    return isinstance(entry, list) and bool(entry) and all(isinstance(name, str) and name for name in entry)
