"""What is wrong with a code."""

from __future__ import annotations

from raddiag_engine.errors import ConfigError


class UnknownCode(ConfigError):
    """A code that this release of ICD-10-CM does not have.

    Attributes:
        code: As given.
    """

    def __init__(self, code: str, release: str, nearest: str = "") -> None:
        self.code = code
        hint = f"; the nearest is {nearest}" if nearest else ""
        super().__init__(f"{code!r} is not a code of ICD-10-CM, release of {release}{hint}")
