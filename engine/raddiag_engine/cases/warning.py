"""The closed list of things that can be wrong with a scan without making it unreadable."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class WarningCode(StrEnum):
    """What a warning is about; the part before the dot names the property in doubt."""

    GEOMETRY_GAP = "geometry.gap"
    GEOMETRY_DUPLICATE = "geometry.duplicate"
    GEOMETRY_IRREGULAR_SPACING = "geometry.irregular_spacing"
    GEOMETRY_TILT = "geometry.tilt"
    GEOMETRY_OBLIQUE = "geometry.oblique"
    GEOMETRY_UNKNOWN = "geometry.unknown"
    GEOMETRY_FAILED = "geometry.failed"
    GEOMETRY_RESAMPLED = "geometry.resampled"
    GEOMETRY_STATED_SPACING = "geometry.stated_spacing"
    GEOMETRY_PART_CALIBRATED = "geometry.part_calibrated"
    IDENTITY_MIXED = "identity.mixed"
    IDENTITY_MISSING = "identity.missing"
    VALUES_RESCALE_MISSING = "values.rescale_missing"
    VALUES_OUT_OF_RANGE = "values.out_of_range"
    VALUES_NOT_FINITE = "values.not_finite"
    VALUES_CONSTANT = "values.constant"
    VALUES_NOT_SUV = "values.not_suv"
    VALUES_SUBTRACTED = "values.subtracted"
    VALUES_PADDING = "values.padding"
    VALUES_WINDOW_TABLE = "values.window_table"
    CONTENT_LOCALIZER = "content.localizer"
    CONTENT_FOUR_DIMENSIONAL = "content.four_dimensional"
    CONTENT_BURNED_IN = "content.burned_in"
    CONTENT_CINE = "content.cine"
    CONTENT_COLOUR = "content.colour"
    CONTENT_NOT_AN_IMAGE = "content.not_an_image"
    CONTENT_NOT_FOR_PRESENTATION = "content.not_for_presentation"
    CONTENT_SPLIT = "content.split"
    CONTENT_SAME_UID = "content.same_uid"
    CONTENT_MOSAIC = "content.mosaic"
    CONTENT_OVERLAY = "content.overlay"
    MODALITY_GUESSED = "modality.guessed"
    ANATOMY_GUESSED = "anatomy.guessed"


@dataclass(frozen=True)
class ScanWarning:
    """One doubt about a scan.

    Attributes:
        code: What it is about.
        message: One sentence for the reader; holds no patient data.
        slices: Zero-based slice numbers concerned, in the scan's own order; empty for all.
    """

    code: WarningCode
    message: str
    slices: tuple[int, ...] = ()
