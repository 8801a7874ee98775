"""Lines of a source file with their numbers, and what becomes of those that are at fault."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from raddiag_engine.errors import ConfigError

KEPT_FAULTS = 20


@dataclass
class BadLines:
    """What to do with lines that cannot be read: stop at the first, or leave them out and remember them.

    Attributes:
        skip: True to leave them out.
        count: How many were left out.
        first: The first of them, as "file:line: what is wrong".
    """

    skip: bool = False
    count: int = 0
    first: list[str] = field(default_factory=list)

    def report(self, path: Path, line: int, reason: str) -> None:
        """Note a line at fault.

        Raises:
            ConfigError: Bad lines are not to be left out.
        """
        text = f"{path}:{line}: {reason}"
        if not self.skip:
            raise ConfigError(f"{text}; mend it, or leave such lines out with --skip-bad-lines")
        self.count += 1
        if len(self.first) < KEPT_FAULTS:
            self.first.append(text)


def unreadable(path: Path, line: int, reason: str) -> ConfigError:
    """The error of a line without which the rest of the file means nothing, so that it is never left out."""
    return ConfigError(f"{path}:{line}: {reason}")


def numbered_lines(path: Path, bad: BadLines) -> Iterator[tuple[int, str]]:
    """The lines of a UTF-8 file, plain or .gz, counted from 1, without their line breaks.

    Raises:
        ConfigError: The file cannot be read, or a line is not UTF-8 and bad lines are not left out.
    """
    number = 0
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            for number, raw in enumerate(stream, start=1):
                try:
                    text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError as error:
                    bad.report(path, number, f"not UTF-8 ({error.reason} at byte {error.start + 1})")
                    continue
                yield number, text.rstrip("\r\n")
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file") from None
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{path}: cannot be read after line {number} ({reason})") from error
