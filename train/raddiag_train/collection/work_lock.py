"""One process at a time in a work folder: two would ask twice, and write over each other's sheets and decisions."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from raddiag_engine.errors import ConfigError

LOCK = ".lock"

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def locked(work: Path) -> Iterator[None]:
    """Inside the `with` block no other process is in `work`, which is made if absent.

    The lock is the operating system's: it ends with the process, however that ends. A folder that holds nothing but the
    lock afterwards is taken away again.

    Raises:
        ConfigError: Another process is in it, or it cannot be written.
    """
    new = [folder for folder in (work, *work.parents) if not folder.exists()]
    try:
        work.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(work / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise ConfigError(f"{work}: cannot be written ({error.strerror}); name another --work") from error
    try:
        try:
            _take(descriptor)
        except OSError:
            raise ConfigError(f"{work}: another raddiag data build is at work in it; wait until it ends") from None
        yield
    finally:
        os.close(descriptor)
        _take_away(work, new)


def _take_away(work: Path, new: list[Path]) -> None:
    """Folders that were made for nothing."""
    with suppress(OSError):  # not empty, or not ours any more
        if new and [path.name for path in work.iterdir()] == [LOCK]:
            (work / LOCK).unlink()
        for folder in new:
            folder.rmdir()
