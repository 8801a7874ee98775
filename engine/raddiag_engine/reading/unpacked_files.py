"""A private place for what is unpacked from archives, so that the readers, which take paths, can read it.

On Linux a file there is a link to anonymous memory: nothing of a patient ever reaches a disk, and a crash leaves a
folder of dangling links with numbers for names. Elsewhere it is a file that only this user can read, removed with the
folder.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from raddiag_engine.reading.child_limits import raise_descriptor_limit

WANTED_DESCRIPTORS = 2**17
DESCRIPTORS_OF_OTHERS = 200
FOLDER_PREFIX = "raddiag-"
# All that the readers go by; whatever else a name holds stays out of the place.
KEPT_SUFFIXES = (".nii.gz", ".nii", ".hdr", ".img", ".img.gz", ".hdr.gz", ".gz")


class UnpackedFiles:
    """Unpacked files and the names that they have for a person; use as a context manager.

    Args:
        folder: An empty folder to use, which its maker removes; by default a new one.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._is_ours = folder is None
        self._descriptors: list[int] = []
        self._descriptors_allowed = 0
        self._shown: dict[Path, Path] = {}
        self._numbers: dict[object, int] = {}

    def __enter__(self) -> UnpackedFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for descriptor in self._descriptors:
            os.close(descriptor)
        if self._is_ours and self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def is_full(self) -> bool:
        """True if the system grants no further file."""
        if not self._descriptors_allowed:
            self._descriptors_allowed = raise_descriptor_limit(WANTED_DESCRIPTORS) - DESCRIPTORS_OF_OTHERS
        return len(self._descriptors) >= self._descriptors_allowed

    def shown(self, path: Path) -> Path:
        """What to call a file: <archive>/<path inside it>; any other path as it is."""
        return self._shown.get(path, path)

    def without_own_names(self, text: str) -> str:
        """A message without the place's name, which says nothing to anybody."""
        return text if self._folder is None else text.replace(f"{self._folder}{os.sep}", "")

    def add(self, shown: Path, parts: Iterable[bytes]) -> Path:
        """Keep a file.

        Args:
            shown: Its name for a person; its folder and stem are kept apart from others, its suffix is kept.
            parts: Its content.

        Returns:
            Where it can be read.

        Raises:
            OSError: There is no room for it.
        """
        path = self._place_of(shown)
        if sys.platform == "linux":
            descriptor = self._anonymous()
            with open(descriptor, "wb", closefd=False) as file:
                file.writelines(parts)
            path.symlink_to(f"/proc/self/fd/{descriptor}")
        else:
            with path.open("xb") as file:
                file.writelines(parts)
        self._shown[path] = shown
        return path

    def _anonymous(self) -> int:
        self._descriptors.append(os.memfd_create("file", os.MFD_CLOEXEC))
        return self._descriptors[-1]

    def _place_of(self, shown: Path) -> Path:
        """A path of numbers: the same folder, the same number, and so for the stem (a NIfTI pair has one)."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
        suffix = next((s for s in KEPT_SUFFIXES if shown.name.lower().endswith(s)), "")
        stem = shown.name[: len(shown.name) - len(suffix)] if suffix else shown.name
        home = self._folder / self._number(shown.parent)
        home.mkdir(exist_ok=True)
        return home / f"{self._number((shown.parent, stem))}{suffix}"

    def _number(self, key: object) -> str:
        return f"{self._numbers.setdefault(key, len(self._numbers)):07d}"
