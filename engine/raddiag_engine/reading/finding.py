"""The files behind the paths a person gives."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from raddiag_engine.cases import Skipped
from raddiag_engine.errors import ReadError

NOT_THERE = "no such file or folder; check its name, and that its drive or share is connected"


def find_files(paths: Sequence[Path]) -> tuple[list[Path], list[Skipped]]:
    """All regular files in files and folders, each once, sorted, and what inside the folders cannot be looked into.

    Hidden files and folders inside folders are left out.

    Raises:
        ReadError: A path does not exist or cannot be read, or there is no file in a folder.
    """
    found: dict[Path, None] = {}
    unread: list[Skipped] = []
    if not paths:
        raise ReadError(Path(), "no file or folder is given")
    for path in paths:
        try:
            is_folder, is_file = path.is_dir(), path.is_file()
        except OSError as error:  # a folder on the way that may not be entered, or too long a name
            raise ReadError(path, _cannot_be_read(error)) from error
        if is_folder:
            inside, unread_inside = _files_below(path)
            if not inside:
                fault = (
                    unread_inside[0]
                    if unread_inside
                    else Skipped(path, "the folder holds no files; choose the one that holds the images")
                )
                raise ReadError(fault.path, fault.reason)
            found.update(dict.fromkeys(inside))
            unread += unread_inside
        elif is_file:
            found[path] = None
        else:
            raise ReadError(path, "is not a regular file; give a file or a folder" if path.exists() else NOT_THERE)
    unique = {path.resolve(): path for path in reversed(found)}
    return sorted(without_images_of_pairs(list(unique.values()))), list(dict.fromkeys(unread))


def _files_below(folder: Path) -> tuple[list[Path], list[Skipped]]:
    """The files in a folder and its subfolders, and a line for each of these that the system does not let one read."""
    files: list[Path] = []
    unread: list[Skipped] = []

    def note(error: OSError) -> None:
        unread.append(Skipped(Path(error.filename or folder), f"the folder {_cannot_be_read(error)}"))

    for parent, folders, names in os.walk(folder, onerror=note):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for path in (Path(parent, name) for name in names if not name.startswith(".")):
            try:
                if path.is_file():
                    files.append(path)
            except OSError as error:
                unread.append(Skipped(path, _cannot_be_read(error)))
    return files, unread


def _cannot_be_read(error: OSError) -> str:
    return f"cannot be read: {error.strerror or error}"


def without_images_of_pairs(files: list[Path]) -> list[Path]:
    """An `.img` beside its `.hdr` is read with it (NIfTI pairs); given alone it stands for the pair."""
    pairs: dict[Path, None] = {}
    for file in files:
        header = file.with_suffix(".hdr")
        pairs[header if file.suffix.lower() == ".img" and header.is_file() else file] = None
    return list(pairs)
