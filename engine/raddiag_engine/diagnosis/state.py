"""Which scans a model may judge, which disorders they can show, and the state that follows. Free of torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from raddiag_engine.cases import Anatomy, Modality, Scan, WarningCode
from raddiag_engine.diagnosis.result import Origin, State
from raddiag_engine.models.card import Coverage, Disorder, ModelCard


@dataclass(frozen=True)
class ScanContent:
    """What a scan shows, and how that is known.

    Attributes:
        modality: As the file or a person says, else the one the model recognises.
        modality_origin: Which of these; "guessed" if the reader guessed it from values or names.
        anatomy: The same, for the body region.
        anatomy_origin: The same.
    """

    modality: Modality
    modality_origin: Origin
    anatomy: Anatomy
    anatomy_origin: Origin


def content_of(scan: Scan, recognised: Coverage | None) -> ScanContent:
    """What is known of `scan`, completed by what the model recognises in it.

    Args:
        scan: The scan; what it states is never overruled.
        recognised: Nearest group of the input score; None if the model has no input score. Its anatomy is
            used only if its modality is the scan's own.
    """
    said, said_anatomy = (
        _said(scan.has_warning(code)) for code in (WarningCode.MODALITY_GUESSED, WarningCode.ANATOMY_GUESSED)
    )
    return completed_content(scan.modality, scan.anatomy, recognised, said, said_anatomy)


def completed_content(
    modality: Modality,
    anatomy: Anatomy,
    recognised: Coverage | None,
    said: Origin = "stated",
    said_anatomy: Origin = "stated",
) -> ScanContent:
    """As `content_of`, for a scan of which only this is known; `said` is where its modality comes from."""
    modality_origin, anatomy_origin = _origin(said, modality), _origin(said_anatomy, anatomy)
    if recognised is not None and modality is Modality.UNKNOWN:
        modality, modality_origin = recognised.modality, _origin("recognised", recognised.modality)
    if recognised is not None and anatomy is Anatomy.UNKNOWN and recognised.modality is modality:
        anatomy, anatomy_origin = recognised.anatomy, _origin("recognised", recognised.anatomy)
    return ScanContent(modality, modality_origin, anatomy, anatomy_origin)


def is_covered(content: ScanContent, coverage: Iterable[Coverage]) -> bool:
    """True if an entry of `coverage` is of this modality and anatomy; an unknown anatomy there covers any."""
    return any(
        entry.modality is content.modality and entry.anatomy in (Anatomy.UNKNOWN, content.anatomy) for entry in coverage
    )


def is_assessed(disorder: Disorder, card: ModelCard, trusted: Iterable[ScanContent]) -> bool:
    """True if one of the trusted scans is of a kind that the card lists for this disorder.

    Args:
        disorder: A class of the card.
        card: Its coverage stands in where the disorder has none of its own.
        trusted: The scans in use that are not flagged as unlike the training data.
    """
    coverage = disorder.coverage or card.coverage
    return any(is_covered(content, coverage) for content in trusted)


def state_of(probability: float, threshold: float, assessed: bool) -> State:
    """Positive at or above the threshold; "not assessed", whatever the probability, if no scan can show it."""
    if not assessed:
        return "not assessed"
    return "positive" if probability >= threshold else "negative"


def _said(is_guess: bool) -> Origin:
    return "guessed" if is_guess else "stated"


def _origin(origin: Origin, value: Modality | Anatomy) -> Origin:
    return "unknown" if value in (Modality.UNKNOWN, Anatomy.UNKNOWN) else origin
