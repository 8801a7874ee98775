"""Files appear whole or not at all."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well, and is removed when it does not.

    The temporary name holds nothing of the case; it keeps the suffixes of `path`, which some writers go by.

    Raises:
        OSError: The folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(8)}{''.join(path.suffixes[-2:])}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder, whose files take their place in `folder` when the block ends well, and are removed if not.

    Files of other names that are in `folder` already stay there.

    Raises:
        OSError: The folder cannot be written.
    """
    exists = folder.is_dir()
    new_parents = [parent for parent in folder.parents if not parent.exists()]
    # Inside a folder that is there, as that may be a mount of its own, beside which nothing can be moved in.
    home = folder if exists else folder.parent
    home.mkdir(parents=True, exist_ok=True)
    temporary = home / f".{secrets.token_hex(8)}"
    temporary.mkdir()
    try:
        yield temporary
        if exists:
            for path in sorted(temporary.iterdir()):
                if (folder / path.name).is_dir():  # a folder takes the place of none but an empty one
                    shutil.rmtree(folder / path.name)
                path.replace(folder / path.name)
        else:
            temporary.replace(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        for parent in new_parents:
            with suppress(OSError):  # not empty, as it should be
                parent.rmdir()


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
