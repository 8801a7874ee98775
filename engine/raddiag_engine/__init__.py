"""The RadDiag engine: cases, reading, the network, diagnosis and saliency. Importing this package imports no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from raddiag_engine.diagnosis.engine import Engine

__all__ = ["Engine"]


def __getattr__(name: str) -> Any:
    """`Engine` brings torch with it, so it is imported when it is first asked for (PEP 562)."""
    if name == "Engine":
        from raddiag_engine.diagnosis.engine import Engine

        return Engine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
