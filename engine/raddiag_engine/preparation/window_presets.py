"""The published windows that ship with the package, and which of them fits a scan."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache

from raddiag_engine.cases import Anatomy, Modality, Scan, Window
from raddiag_engine.configuration import from_mapping
from raddiag_resources import path_of


@dataclass(frozen=True)
class WindowPreset:
    """A named window and the scans it is meant for.

    Attributes:
        name: As shown to the user.
        modality: The only modality it fits.
        units: The units of the scan it fits; a CT screenshot in 8-bit values must not be windowed in HU.
        center: Window centre, in `units`.
        width: Window width, in `units`.
        body_parts: Terms of Body Part Examined (0018,0015) for which it is the default.
        anatomies: Anatomies for which it is the default, if no preset names the body part.
    """

    name: str
    modality: Modality
    units: str
    center: float
    width: float
    body_parts: tuple[str, ...] = ()
    anatomies: tuple[Anatomy, ...] = ()

    @property
    def window(self) -> Window:
        """The window itself."""
        return Window(self.center, self.width, "LINEAR", self.name)

    def offers(self, scan: Scan) -> bool:
        """True if the scan is of the modality and units the preset is given in."""
        return scan.modality is self.modality and scan.units == self.units


@cache
def window_presets() -> tuple[WindowPreset, ...]:
    """All presets, in order of preference (resources/window_presets.toml names the sources)."""
    with path_of("window_presets.toml").open("rb") as file:
        tables = tomllib.load(file)["preset"]
    return tuple(from_mapping(WindowPreset, table, "preset") for table in tables)


def presets_for(scan: Scan) -> tuple[WindowPreset, ...]:
    """The presets a person may choose from for this scan."""
    return tuple(preset for preset in window_presets() if preset.offers(scan))


def default_preset(scan: Scan) -> WindowPreset | None:
    """The preset for the scan's body part, else for its anatomy, else None."""
    offered = presets_for(scan)
    by_body_part = (preset for preset in offered if scan.body_part in preset.body_parts)
    by_anatomy = (preset for preset in offered if scan.anatomy in preset.anatomies)
    return next(by_body_part, None) or next(by_anatomy, None)
