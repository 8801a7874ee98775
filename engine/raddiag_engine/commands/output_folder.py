"""The folder a command writes its results to: checked before the work, filled whole or not at all after it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from raddiag_engine.atomic import atomic_folder
from raddiag_engine.errors import RaddiagError


def check_output_folder(folder: Path) -> None:
    """Refuse a folder that cannot be written before the work is done, not after; nothing is made.

    Raises:
        RaddiagError: It is a file, or neither it nor the nearest folder above it that exists can be written.
    """
    try:
        nearest = next(path for path in (folder, *folder.parents) if path.exists())
        with tempfile.TemporaryDirectory(prefix=".raddiag-", dir=nearest):
            return
    except OSError as error:
        raise _not_writable(folder, error) from error


@contextmanager
def output_folder(folder: Path) -> Iterator[Path]:
    """Where to write meanwhile; the files are moved to `folder` together when the block ends well.

    Raises:
        RaddiagError: Something cannot be written; nothing is left behind.
    """
    try:
        with atomic_folder(folder) as temporary:
            yield temporary
    except OSError as error:
        raise _not_writable(folder, error) from error


def _not_writable(folder: Path, error: OSError) -> RaddiagError:
    return RaddiagError(f"{folder}: cannot be written ({error.strerror or error}); choose another folder")
