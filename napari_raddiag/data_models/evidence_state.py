"""What the panel shows of one disorder's evidence; the maps themselves are layers and not here."""

from __future__ import annotations

from dataclasses import dataclass

from raddiag_engine.diagnosis.result import State
from raddiag_engine.saliency.methods import Method

Colour = tuple[int, int, int]

METHOD_NAMES: dict[Method, str] = {
    "gradcam": "Grad-CAM",
    "guided_gradcam": "Guided Grad-CAM",
    "respondcam": "Respond-CAM",
    "integrated_gradients": "Integrated gradients",
    "occlusion": "Occlusion",
}


@dataclass(frozen=True)
class ScanEvidence:
    """What one scan adds.

    Attributes:
        scan_id: Of the scan.
        name: As the panel calls it, such as "MRI sagittal, 22 slices".
        contribution: Drop of the logit without the scan; None for a case of one scan.
        compared_contribution: The same of the disorder compared with.
        dark: True if the map of this scan holds no evidence.
    """

    scan_id: str
    name: str
    contribution: float | None = None
    compared_contribution: float | None = None
    dark: bool = False


@dataclass(frozen=True)
class Peak:
    """One of the places where the evidence is strongest, strongest first.

    Attributes:
        number: Counted from 1.
        count: How many there are.
        text: Where, as far as the map can tell: "MRI sagittal, slices 14 to 16 of 24".
        share: Of the strongest evidence in the case, 0 to 1.
    """

    number: int
    count: int
    text: str
    share: float = 1.0


@dataclass(frozen=True)
class EvidenceState:
    """Everything the evidence view shows.

    Attributes:
        disorder: As on the model card.
        state: Of the disorder in this case; anything but "positive" is said with the evidence.
        method: Of the maps.
        scans: In the order of the case.
        colours: Of the colour bar, from no evidence to the strongest in this case, uint8 RGB.
        peak: The one the canvas shows; None if there is no evidence in any scan.
        active_scan: The scan the canvas shows.
        unseen: True if the model never learned the disorder and scores it by its name.
        compared_with: A second disorder; empty if there is none.
        compared_state: Its state.
        compared_colours: Of its colour bar.
    """

    disorder: str
    state: State
    method: Method
    scans: tuple[ScanEvidence, ...]
    colours: tuple[Colour, ...]
    peak: Peak | None = None
    active_scan: str = ""
    unseen: bool = False
    compared_with: str = ""
    compared_state: State = "negative"
    compared_colours: tuple[Colour, ...] = ()


def label_of(state: State) -> str:
    """What must stand beside evidence for a disorder that is not positive; empty for one that is."""
    return {"positive": "", "negative": "below its threshold", "not assessed": "not assessed in this case"}[state]
