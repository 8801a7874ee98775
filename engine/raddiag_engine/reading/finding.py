"""The files behind the paths a person gives."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from raddiag_engine.errors import ReadError


def find_files(paths: Sequence[Path]) -> list[Path]:
    """All regular files in files and folders, each once, sorted; hidden ones in folders are left out.

    Raises:
        ReadError: A path does not exist, or there is no file in a folder.
    """
    found: dict[Path, None] = {}
    if not paths:
        raise ReadError(Path(), "no file or folder is given")
    for path in paths:
        if path.is_dir():
            inside = _files_below(path)
            if not inside:
                raise ReadError(path, "the folder holds no files")
            found.update(dict.fromkeys(inside))
        elif path.is_file():
            found[path] = None
        else:
            raise ReadError(path, "is not a regular file" if path.exists() else "no such file or folder")
    unique = {path.resolve(): path for path in reversed(found)}
    return sorted(_without_images_of_pairs(list(unique.values())))


def _files_below(folder: Path) -> list[Path]:
    files = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files += [Path(parent, name) for name in names if not name.startswith(".")]
    return [file for file in files if file.is_file()]


def _without_images_of_pairs(files: list[Path]) -> list[Path]:
    """An `.img` beside its `.hdr` is read with it (NIfTI pairs); given alone it stands for the pair."""
    pairs: dict[Path, None] = {}
    for file in files:
        header = file.with_suffix(".hdr")
        pairs[header if file.suffix.lower() == ".img" and header.is_file() else file] = None
    return list(pairs)
