"""Errors that a user can act on: one line that says what is wrong, with which file, and what to do."""

from __future__ import annotations

from pathlib import Path


def one_line(text: str) -> str:
    """The text without line breaks, which a file name may hold as well as a library's message."""
    return " ".join(text.split())


class RaddiagError(Exception):
    """Something the user can mend; its text is one line, shown without a traceback."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class ReadError(RaddiagError):
    """A file that cannot be read as a scan.

    Attributes:
        path: The file or folder at fault.
        reason: What is wrong, without the path, fit for a list of skipped files.
    """

    def __init__(self, path: Path | str, reason: str) -> None:
        self.path = Path(path)
        self.reason = one_line(reason)
        super().__init__(f"{self.path}: {self.reason}")

    def __reduce__(self) -> tuple[type[ReadError], tuple[str, str]]:
        # The reader's child process sends its errors back; the default would replay one argument.
        return ReadError, (str(self.path), self.reason)


class CaseError(RaddiagError):
    """A case that cannot be diagnosed as it stands: no usable scan, scans of two patients."""


class ModelError(RaddiagError):
    """A model folder or checkpoint that is missing, damaged, unsafe or of another architecture."""


class ConfigError(RaddiagError):
    """A configuration or label file with an unknown key or a value out of range."""


class Cancelled(RaddiagError):
    """The user stopped a computation between two chunks."""

    def __init__(self) -> None:
        super().__init__("cancelled")
