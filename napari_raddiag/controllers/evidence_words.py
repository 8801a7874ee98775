"""What the panel says of the evidence that the canvas shows."""

from __future__ import annotations

from functools import cache

import numpy as np

from napari_raddiag.canvas.evidence_colours import EvidenceColour, colour_stops
from napari_raddiag.controllers.evidence_runner import EvidenceRunner, PlacedPeak
from napari_raddiag.data_models.evidence_state import Colour, EvidenceState, Peak, ScanEvidence
from napari_raddiag.display.evidence_peaks import is_dark
from napari_raddiag.display.layer_title import layer_titles
from raddiag_engine.cases import Case
from raddiag_engine.diagnosis.result import DisorderScore, UnseenScore

BAR_STEPS = 32


def evidence_state(runner: EvidenceRunner, case: Case, active: str) -> EvidenceState | None:
    """The evidence shown, in words and numbers; None if there is none.

    Args:
        runner: Knows what is shown.
        case: On the screen.
        active: Id of the scan in view; empty for none.
    """
    score = runner.score(runner.disorder)
    if score is None:
        return None
    compared = runner.score(runner.compared_with)
    return EvidenceState(
        disorder=score.name,
        state=score.state,
        unseen=isinstance(score, UnseenScore),
        method=runner.method,
        scans=_scans(runner, case, score, compared),
        colours=bar_colours("evidence"),
        peak=_peak(runner, case),
        active_scan=active,
        compared_with=compared.name if compared else "",
        compared_state=compared.state if compared else "negative",
        compared_colours=bar_colours("comparison") if compared else (),
    )


@cache
def bar_colours(colour: EvidenceColour) -> tuple[Colour, ...]:
    """The overlay's colours over black, from no evidence to the strongest."""
    stops = colour_stops(colour)
    places = np.linspace(0, 1, BAR_STEPS)
    at = [place for place, _ in stops]
    channels = [np.interp(places, at, [rgba[channel] for _, rgba in stops]) for channel in range(4)]
    red, green, blue = (np.rint(255 * channels[channel] * channels[3]).astype(int) for channel in range(3))
    return tuple((int(r), int(g), int(b)) for r, g, b in zip(red, green, blue, strict=True))


def _scans(
    runner: EvidenceRunner, case: Case, score: DisorderScore | UnseenScore, compared: DisorderScore | UnseenScore | None
) -> tuple[ScanEvidence, ...]:
    titles = layer_titles(case)
    return tuple(
        ScanEvidence(
            scan_id=saliency.scan_id,
            name=titles[saliency.scan_id],
            contribution=score.contributions.get(saliency.scan_id),
            compared_contribution=compared.contributions.get(saliency.scan_id) if compared else None,
            dark=is_dark(saliency),
        )
        for saliency in runner.maps
    )


def _peak(runner: EvidenceRunner, case: Case) -> Peak | None:
    placed = runner.peak
    if placed is None:
        return None
    return Peak(runner.peak_number, runner.peak_count, _where(placed, case), runner.peak_share)


def _where(placed: PlacedPeak, case: Case) -> str:
    title = layer_titles(case)[placed.scan_id]
    scan = case.scan(placed.scan_id)
    if placed.peak.slices is None:
        return title
    first, last = placed.peak.slices
    count = len(scan.voxels)
    word = "frame" if scan.kind == "cine" else "slice"
    if first == last:
        return f"{title}, {word} {first + 1} of {count}"
    return f"{title}, {word}s {first + 1} to {last + 1} of {count}"
