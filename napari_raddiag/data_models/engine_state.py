"""The state of the engine in words, as it stands in the panel for good."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class EngineKind(StrEnum):
    """What the engine is doing."""

    STARTING = "starting"
    READY = "ready"
    BUSY = "busy"
    DOWN = "down"


@dataclass(frozen=True)
class EngineState:
    """One line on the engine.

    Attributes:
        kind: Decides the mark before the line and what can be asked of the engine.
        text: The line, such as "ready on CPU, float32" or "CPU only: expect 2 s a case".
        detail: More, for the tooltip: the cause in full, versions; without patient data.
        remote: True if it runs on another computer, which is said.
    """

    kind: EngineKind
    text: str
    detail: str = ""
    remote: bool = False

    @property
    def line(self) -> str:
        """The text, with where the engine is if it is not here."""
        return f"{self.text} (remote)" if self.remote else self.text

    @property
    def can_compute(self) -> bool:
        """True if a diagnosis can be asked for, now or as soon as the present one ends."""
        return self.kind in (EngineKind.READY, EngineKind.BUSY)


NOT_STARTED = EngineState(EngineKind.STARTING, "starting")
