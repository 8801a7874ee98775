"""How large a pixel is where the header gives no position: projections, ultrasound, nuclear medicine."""

from __future__ import annotations

from raddiag_engine.reading.dicom.frame import Frame

CENTIMETRES = 3
MILLIMETRES_PER_CENTIMETRE = 10.0


def pixel_spacing_mm(frame: Frame) -> tuple[tuple[float, float] | None, str]:
    """(between rows, between columns), and what is in doubt about it.

    PixelSpacing (0028,0030) first; then ImagerPixelSpacing (0018,1164), which is measured at the detector and too large
    by the magnification; then the ultrasound regions (0018,6011), if all have one spacing.
    """
    header = frame.instance.header
    if frame.spacing_mm is not None:
        return frame.spacing_mm, ""
    detector = header.numbers("ImagerPixelSpacing")
    if len(detector) == 2 and min(detector) > 0:
        return (detector[0], detector[1]), "pixel size is given at the detector; in the patient it is smaller"
    calibrated = {
        (region.number("PhysicalDeltaY"), region.number("PhysicalDeltaX"))
        for region in header.items("SequenceOfUltrasoundRegions")
        if region.integer("PhysicalUnitsXDirection") == CENTIMETRES == region.integer("PhysicalUnitsYDirection")
    }
    if len(calibrated) == 1:
        row, column = calibrated.pop()
        if row and column:
            return (abs(row) * MILLIMETRES_PER_CENTIMETRE, abs(column) * MILLIMETRES_PER_CENTIMETRE), ""
    return None, "the header does not say how large a pixel is"
