"""Where in an ultrasound picture lengths can be measured: its calibrated 2D region (PS3.3 C.8.5.5)."""

from __future__ import annotations

from dataclasses import dataclass

from raddiag_engine.reading.dicom.header import Header

CENTIMETRES = 3
MILLIMETRES_PER_CENTIMETRE = 10.0
TWO_DIMENSIONAL = 1
RELATIVE_TOLERANCE = 1e-3


@dataclass(frozen=True)
class CalibratedRegion:
    """A part of a picture with pixels of known size.

    Attributes:
        spacing_mm: (between rows, between columns).
        bounds: (first row, last row, first column, last column), inside the picture.
    """

    spacing_mm: tuple[float, float]
    bounds: tuple[int, int, int, int]

    @property
    def area(self) -> int:
        """In pixels."""
        top, bottom, left, right = self.bounds
        return (bottom - top + 1) * (right - left + 1)


def calibrated_region(header: Header, shape: tuple[int, int]) -> tuple[CalibratedRegion | None, str]:
    """The largest calibrated 2D region of the sequence (0018,6011), and why there is none.

    M-mode and Doppler regions measure time or speed along an axis and do not count. Where 2D regions differ in pixel
    size, none is taken: one length would be right and the next wrong.

    Args:
        header: Of the file.
        shape: (rows, columns) of the picture.
    """
    found = [region for item in header.items("SequenceOfUltrasoundRegions") if (region := _region(item, shape))]
    if not found:
        return None, "the header does not say how large a pixel is"
    largest = max(found, key=lambda region: region.area)
    for region in found:
        for one, other in zip(region.spacing_mm, largest.spacing_mm, strict=True):
            if abs(one - other) > RELATIVE_TOLERANCE * other:
                return None, f"its {len(found)} calibrated regions differ in pixel size"
    return largest, ""


def _region(item: Header, shape: tuple[int, int]) -> CalibratedRegion | None:
    units = item.integer("PhysicalUnitsXDirection"), item.integer("PhysicalUnitsYDirection")
    row, column = item.number("PhysicalDeltaY"), item.number("PhysicalDeltaX")
    if item.integer("RegionSpatialFormat", TWO_DIMENSIONAL) != TWO_DIMENSIONAL:
        return None
    if units != (CENTIMETRES, CENTIMETRES) or not row or not column:
        return None
    rows, columns = shape
    top, left = max(item.integer("RegionLocationMinY0"), 0), max(item.integer("RegionLocationMinX0"), 0)
    bottom = min(item.integer("RegionLocationMaxY1", rows - 1), rows - 1)
    right = min(item.integer("RegionLocationMaxX1", columns - 1), columns - 1)
    if bottom < top or right < left:
        return None
    spacing = abs(row) * MILLIMETRES_PER_CENTIMETRE, abs(column) * MILLIMETRES_PER_CENTIMETRE
    return CalibratedRegion(spacing, (top, bottom, left, right))
