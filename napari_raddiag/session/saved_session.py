"""The files that hold what is open in each viewer; they tell a reading that a crash ended from one that goes on."""

from __future__ import annotations

import itertools
import os
import platform
import re
import secrets
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from napari_raddiag.session.private_file import read_private, viewer_folder, write_private
from napari_raddiag.session.session_state import SavedSession
from raddiag_engine.configuration import from_mapping, to_mapping
from raddiag_engine.errors import ConfigError

# 2: the window on the screen with its function.
SCHEMA = 2
# Computer, process, when it ran (seconds since 1970), and what tells two viewers of one process apart.
NAME = re.compile(r"(?P<host>[^.]+)\.(?P<pid>\d+)\.(?P<ran_at>\d+)\.[0-9a-f]+\.json")
# Clocks are set while processes run.
CLOCK_SECONDS = 5


@dataclass(frozen=True)
class LeftBehind:
    """The session of a viewer that is gone, and the file that it is in until the reader has answered."""

    session: SavedSession
    file: Path


class SessionStore:
    """One file for each viewer that runs; it is left behind by one that crashed.

    The folder may be shared by several computers, as a home directory often is: a viewer on another one cannot be
    asked whether it still runs, so its file is left alone.

    What touches files is for the background, but for the end of a viewer; it may be called from several threads.

    Args:
        enabled: False keeps nothing.
        folder: Of the files; the user's own by default.
    """

    def __init__(self, *, enabled: bool = True, folder: Path | None = None) -> None:
        self.enabled = enabled
        self.folder = folder or viewer_folder() / "sessions"
        self.file = self.folder / f"{this_host()}.{os.getpid()}.{int(time.time())}.{secrets.token_hex(4)}.json"
        self._lock = threading.Lock()
        self._turns = itertools.count(1)
        self._done = 0

    def turn(self) -> int:
        """A place in the order of what is to be written: what was asked for later holds, whichever thread is faster."""
        return next(self._turns)

    def save(self, session: SavedSession, turn: int | None = None) -> None:
        """Write this viewer's session.

        Args:
            session: As it stood at `turn`.
            turn: Nothing is written if a later save or `discard` came first; None for now.

        Raises:
            OSError: It cannot be written.
        """
        turn = self.turn() if turn is None else turn
        with self._lock:
            if self.enabled and turn > self._done:
                write_private(self.file, {"schema": SCHEMA, **to_mapping(session)})
                self._done = turn

    def discard(self, turn: int | None = None) -> None:
        """The reading ended well: nothing is to be restored. A file that cannot be removed is offered once more.

        Args:
            turn: As in `save`.
        """
        turn = self.turn() if turn is None else turn
        with self._lock:
            if turn > self._done:
                self._done = turn
                with suppress(OSError):
                    self.file.unlink(missing_ok=True)

    def find_left_behind(self) -> LeftBehind | None:
        """The newest session of a viewer that ran on this computer and is gone; None if there is none.

        Its file stays until `forget`: a crash before the answer, or a share that is away, must not lose the reading.

        Raises:
            OSError: The folder cannot be listed.
        """
        found: list[tuple[float, LeftBehind]] = []
        for file in self._files() if self.enabled else ():
            if not _is_of_a_gone_viewer(file):
                continue
            try:
                written_at = file.stat().st_mtime
            except OSError:  # another viewer has taken it meanwhile
                continue
            if (session := _read(file)) is not None:
                found.append((written_at, LeftBehind(session, file)))
        return max(found, key=lambda entry: entry[0])[1] if found else None

    def forget(self, left: LeftBehind) -> None:
        """Never offer it again.

        Raises:
            OSError: Its file cannot be removed.
        """
        left.file.unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget this viewer's session and those of viewers that are gone, as far as their files can be removed."""
        self.discard()
        with suppress(OSError):
            for file in self._files():
                if _is_of_a_gone_viewer(file):
                    file.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        try:
            return [file for file in self.folder.iterdir() if file.suffix == ".json"]
        except FileNotFoundError:  # nothing was ever kept
            return []


def this_host() -> str:
    """Name of this computer, as it stands in the names of files."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", platform.node()) or "this-computer"


def _read(file: Path) -> SavedSession | None:
    data = read_private(file, SCHEMA)
    if data is None:
        return None
    try:
        session = from_mapping(SavedSession, {key: value for key, value in data.items() if key != "schema"})
    except ConfigError:
        return None
    return session if session.paths else None


def _is_of_a_gone_viewer(file: Path) -> bool:
    """True if the file's viewer ran on this computer and does not any more; False where that cannot be told."""
    import psutil

    named = NAME.fullmatch(file.name)
    if named is None or named["host"] != this_host():
        return False
    try:
        # A process that started later got the same number by chance.
        return bool(psutil.Process(int(named["pid"])).create_time() > int(named["ran_at"]) + CLOCK_SECONDS)
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:  # another user's: not a viewer of ours
        return True
