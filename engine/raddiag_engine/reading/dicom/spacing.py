"""How large a pixel is where positions do not tell: projections, ultrasound, nuclear medicine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from raddiag_engine.reading.dicom.frame import Frame
from raddiag_engine.reading.dicom.ultrasound import calibrated_region

PROJECTIONS = {"CR", "DX", "RG", "MG", "PX", "IO", "XA", "RF"}
ULTRASOUND = {"US", "IVUS"}
AT_DETECTOR = "pixel size is given at the detector; in the patient it is smaller"
EQUAL = 1e-3

Pair = tuple[float, float]


@dataclass(frozen=True)
class PixelSize:
    """The size of a pixel and how far it can be trusted.

    Attributes:
        spacing_mm: (between rows, between columns), None if unknown.
        doubt: What is in doubt about it, empty if nothing is.
        bounds: (first row, last row, first column, last column) where alone it holds, None if everywhere.
    """

    spacing_mm: Pair | None
    doubt: str = ""
    bounds: tuple[int, int, int, int] | None = None


def pixel_size(frame: Frame) -> PixelSize:
    """The size of a pixel of a frame without a place in the patient.

    Ultrasound: its calibrated region. Projections: PixelSpacing (0028,0030) if it differs from ImagerPixelSpacing
    (0018,1164) or is said to be calibrated (0028,0A02); else the latter, which is measured at the detector and too
    large by the magnification. Others: PixelSpacing.
    """
    header = frame.instance.header
    if frame.instance.modality in ULTRASOUND:
        region, doubt = calibrated_region(header, frame.instance.shape)
        if region is not None:
            whole = (0, frame.instance.shape[0] - 1, 0, frame.instance.shape[1] - 1)
            return PixelSize(region.spacing_mm, bounds=None if region.bounds == whole else region.bounds)
        return PixelSize(frame.spacing_mm, "" if frame.spacing_mm else doubt)
    if frame.instance.modality in PROJECTIONS:
        return _of_projection(frame)
    if frame.spacing_mm is not None:
        return PixelSize(frame.spacing_mm)
    return _first_given(frame, ("ImagerPixelSpacing", AT_DETECTOR))


def _of_projection(frame: Frame) -> PixelSize:
    header = frame.instance.header
    detector = _pair(header.numbers("ImagerPixelSpacing"))
    calibrated = header.text("PixelSpacingCalibrationType")
    pixel = frame.spacing_mm
    if pixel is not None and (calibrated or (detector is not None and not np.allclose(pixel, detector, rtol=EQUAL))):
        return PixelSize(pixel)
    if detector is not None:
        factor = header.number("EstimatedRadiographicMagnificationFactor")
        if factor and factor > 1:
            size = detector[0] / factor, detector[1] / factor
            return PixelSize(size, f"pixel size is estimated from a magnification of {factor:.2f}")
        return PixelSize(detector, AT_DETECTOR)
    if pixel is not None:
        return PixelSize(pixel, "the header does not say whether pixel size is given at the detector or in the patient")
    return _first_given(frame, ("NominalScannedPixelSpacing", "pixel size is that of the scanned film"))


def _first_given(frame: Frame, *sources: tuple[str, str]) -> PixelSize:
    for keyword, doubt in sources:
        size = _pair(frame.instance.header.numbers(keyword))
        if size is not None:
            return PixelSize(size, doubt)
    return PixelSize(None, "the header does not say how large a pixel is")


def _pair(numbers: tuple[float, ...]) -> Pair | None:
    return (numbers[0], numbers[1]) if len(numbers) == 2 and min(numbers) > 0 else None
