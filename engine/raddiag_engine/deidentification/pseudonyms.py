"""What takes the place of identifiers: the same for the same input in one run, and unrelated to it for anybody else."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import timedelta

from pydicom.uid import UID_dictionary

SALT_BYTES = 32
# UUID-derived UIDs need no registered root (PS3.5 B.2).
UUID_ROOT = "2.25."
MOST_DAYS = 3650
SECONDS_PER_DAY = 86_400


def new_salt() -> bytes:
    """The secret of one run; it is not kept, so that nobody can repeat the replacement to find a patient."""
    return secrets.token_bytes(SALT_BYTES)


@dataclass(frozen=True)
class Pseudonyms:
    """Replacements that depend on a secret.

    Attributes:
        salt: The secret.
    """

    salt: bytes = field(repr=False)

    def uid(self, original: str) -> str:
        """A new UID; those that the standard defines stay, and no others under its root, which some device may use."""
        if original in UID_dictionary:
            return original
        return UUID_ROOT + str(int.from_bytes(self._digest("uid", original)[:16], "big"))

    def label(self, kind: str, original: str) -> str:
        """A short name such as "patient-1f2e3d4c5b6a"."""
        return f"{kind}-{self._digest(kind, original).hex()[:12]}"

    def shift(self, patient: str) -> timedelta:
        """How much earlier all that was done to a patient is said to have happened: up to ten years, to the second."""
        number = int.from_bytes(self._digest("shift", patient)[:8], "big")
        return timedelta(days=1 + number % MOST_DAYS, seconds=number // MOST_DAYS % SECONDS_PER_DAY)

    def _digest(self, kind: str, original: str) -> bytes:
        text = f"{kind}\0{original}".encode("utf-8", "surrogatepass")
        return hmac.new(self.salt, text, hashlib.sha256).digest()
