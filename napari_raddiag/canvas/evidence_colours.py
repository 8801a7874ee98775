"""Colours of evidence: nothing where there is none, brighter where there is more, readable on grey."""

from __future__ import annotations

from typing import Any, Literal

from napari.utils.colormaps import Colormap

EvidenceColour = Literal["evidence", "comparison"]
# The faint background of a map would tint the whole picture; a rim of half transparency avoids a hard edge.
_STOPS = (0.0, 0.12, 0.4, 0.7, 1.0)
_COLOURS: dict[EvidenceColour, tuple[tuple[float, float, float, float], ...]] = {
    # Dark red to yellow, as in the exported pictures.
    "evidence": (
        (0.47, 0.0, 0.0, 0.0),
        (0.55, 0.0, 0.0, 0.0),
        (0.86, 0.16, 0.0, 0.8),
        (1.0, 0.55, 0.0, 1.0),
        (1.0, 0.9, 0.24, 1.0),
    ),
    # Dark blue to white cyan: told apart from the first by people who do not see red and green either.
    "comparison": (
        (0.0, 0.05, 0.5, 0.0),
        (0.0, 0.1, 0.6, 0.0),
        (0.05, 0.35, 0.95, 0.8),
        (0.1, 0.7, 1.0, 1.0),
        (0.75, 1.0, 1.0, 1.0),
    ),
}


def evidence_colormap(colour: EvidenceColour) -> Any:
    """napari's colormap for values in [0, 1]; transparent at 0."""
    return Colormap(_COLOURS[colour], controls=_STOPS, name=f"raddiag {colour}", display_name=f"RadDiag {colour}")


def colour_stops(colour: EvidenceColour) -> tuple[tuple[float, tuple[float, float, float, float]], ...]:
    """(value, RGBA in [0, 1]) pairs, for a colour bar beside the picture."""
    return tuple(zip(_STOPS, _COLOURS[colour], strict=True))
