"""What can go wrong with an engine that lives in another process."""

from __future__ import annotations

from typing import Literal

from raddiag_engine.errors import CaseError, ConfigError, ModelError, RaddiagError
from raddiag_engine.protocol.job import JobFailure

Cause = Literal[
    "down", "token", "certificate", "version", "full", "too large", "memory", "crash", "start", "fault", "refused"
]
_TYPED: dict[str, type[RaddiagError]] = {
    "CaseError": CaseError,
    "ModelError": ModelError,
    "ConfigError": ConfigError,
    "RaddiagError": RaddiagError,
}
_CAUSES: dict[str, Cause] = {"memory": "memory", "crash": "crash", "system": "start", "stopped": "down"}


class EngineError(RaddiagError):
    """The engine does not do what it was asked; the case and the client are as before.

    Attributes:
        cause: "down": it does not answer or was stopped; "token", "certificate", "version": it is not to be talked to
            like that; "full": its queue or memory is; "too large": the case is; "memory": it ran out of memory;
            "crash": its worker died (and was started again); "start": its worker cannot be started; "fault": of the
            program; "refused": anything else.
        needed_bytes: Of "memory": what was asked for in vain; None if not known.
        free_bytes: Of "memory": what was left; None if not known.
    """

    def __init__(
        self,
        message: str,
        cause: Cause = "refused",
        needed_bytes: int | None = None,
        free_bytes: int | None = None,
    ) -> None:
        super().__init__(message)
        self.cause = cause
        self.needed_bytes = needed_bytes
        self.free_bytes = free_bytes


def error_of(failure: JobFailure) -> RaddiagError:
    """The error of a failed job: the engine's own type where the case or the request is at fault."""
    if failure.cause in _TYPED:
        return _TYPED[failure.cause](failure.message)
    cause = _CAUSES.get(failure.cause, "fault")
    return EngineError(failure.message, cause, failure.needed_bytes, failure.free_bytes)
