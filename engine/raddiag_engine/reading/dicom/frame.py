"""One frame of a DICOM file, whether its attributes stand in the header or in functional groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.cases import Window
from raddiag_engine.errors import ReadError
from raddiag_engine.reading.dicom.b_value import b_value_of
from raddiag_engine.reading.dicom.header import EMPTY, Header
from raddiag_engine.reading.dicom.instance import Instance
from raddiag_engine.reading.dicom.windows import windows_of

Vector = NDArray[np.float64]
UNIT_TOLERANCE = 0.01
FRAME_TYPES = (
    "CTImageFrameTypeSequence",
    "MRImageFrameTypeSequence",
    "PETFrameTypeSequence",
    "XRay3DFrameTypeSequence",
    "USImageDescriptionSequence",
)


@dataclass(frozen=True)
class Rescale:
    """Modality LUT as a line (PS3.3 C.11.1.1): value = slope * stored + intercept.

    Attributes:
        slope: (0028,1053).
        intercept: (0028,1052).
        unit: (0028,1054), such as "HU"; empty if absent.
        given: False if the file has neither slope nor intercept.
        slope_missing: True if it has an intercept but no slope other than 0, so that 1 is taken.
    """

    slope: float = 1.0
    intercept: float = 0.0
    unit: str = ""
    given: bool = False
    slope_missing: bool = False


@dataclass(frozen=True)
class Tile:
    """A part of a picture.

    Attributes:
        row: Its first row.
        column: Its first column.
        rows: Its number of rows.
        columns: Its number of columns.
        spacing_mm: From its slice to the next.
        is_thickness: True if that is the thickness of a slice, for want of the spacing.
    """

    row: int
    column: int
    rows: int
    columns: int
    spacing_mm: float
    is_thickness: bool = False


@dataclass(frozen=True, eq=False)
class Frame:
    """One 2D image inside a file.

    Attributes:
        instance: The file.
        index: Zero-based number inside the file.
        position_mm: (3,) LPS+ centre of the first voxel, (0020,0032); None if absent. Of an enhanced ultrasound volume
            in the frame of the transducer (0020,930E): `in_patient` is then False.
        orientation: (2, 3) LPS+ unit vectors: along a row, and down a column, (0020,0037); None if absent.
        spacing_mm: (between rows, between columns), (0028,0030); None if absent.
        rescale: Stored values to values.
        windows: Grey-scale windows of this frame.
        image_type: (0008,0008), or the frame type (0008,9007).
        contrast: What makes frames of one place different images: echo time, kernel, stack.
        in_patient: True if positions are in the patient's coordinates.
        moments: Attributes that count repetitions of one place, by name; the first that tells frames apart is used.
        tile: The part of the file's only picture that is this frame, if the file is a mosaic.
        stated_spacing_mm: What the header calls the distance of slices, where the position was computed from it.
    """

    instance: Instance
    index: int
    position_mm: Vector | None
    orientation: Vector | None
    spacing_mm: tuple[float, float] | None
    rescale: Rescale
    windows: tuple[Window, ...]
    image_type: tuple[str, ...]
    contrast: tuple[object, ...] = ()
    in_patient: bool = True
    moments: dict[str, object] = field(default_factory=dict)
    tile: Tile | None = None
    stated_spacing_mm: float | None = None

    @property
    def placed(self) -> bool:
        """True if the file says where in the patient the frame lies."""
        return self.position_mm is not None and self.orientation is not None

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.instance.shape if self.tile is None else (self.tile.rows, self.tile.columns)

    @property
    def order(self) -> tuple[int, str, int]:
        """Acquisition order as the file tells it, independent of the file's name."""
        instance = self.instance
        return instance.number, instance.uid, instance.first_frame + self.index


def frames_of(instance: Instance) -> list[Frame]:
    """The frames of a file, in the file's order.

    Raises:
        ReadError: The file announces another number of frames than it describes.
    """
    header = instance.header
    shared = header.item("SharedFunctionalGroupsSequence")
    own = header.items("PerFrameFunctionalGroupsSequence")
    if own and len(own) != instance.frame_count:
        raise ReadError(instance.path, f"announces {instance.frame_count} frames and describes {len(own)}")
    if not own and shared is EMPTY:
        frame = _frame(instance, 0, _Groups(header, EMPTY, EMPTY))
        if instance.frame_count == 1:
            return [frame]
        # The header places one frame at most; where the others lie it does not say.
        return [replace(frame, index=index, position_mm=None) for index in range(instance.frame_count)]
    if not own:
        frame = _frame(instance, 0, _Groups(header, shared, EMPTY))
        return [replace(frame, index=index) for index in range(instance.frame_count)]
    return [_frame(instance, index, _Groups(header, shared, group)) for index, group in enumerate(own)]


@dataclass(frozen=True)
class _Groups:
    """The three places where an attribute of a frame may stand, the most specific first."""

    header: Header
    shared: Header
    own: Header

    def macro(self, sequence: str, keyword: str) -> Header:
        """Where the keyword stands: the frame's macro, the shared macro, else the header itself."""
        if self.shared is EMPTY and self.own is EMPTY:
            return self.header
        return next((place for place in self._places(sequence) if place.values(keyword)), EMPTY)

    def _places(self, sequence: str) -> Iterator[Header]:
        yield self.own.item(sequence)
        yield self.shared.item(sequence)
        yield self.header


def _frame(instance: Instance, index: int, groups: _Groups) -> Frame:
    position = groups.macro("PlanePositionSequence", "ImagePositionPatient").numbers("ImagePositionPatient")
    orientation = groups.macro("PlaneOrientationSequence", "ImageOrientationPatient").numbers("ImageOrientationPatient")
    in_volume = groups.macro("PlanePositionVolumeSequence", "ImagePositionVolume").numbers("ImagePositionVolume")
    in_patient = len(position) == 3 or len(in_volume) != 3
    if not in_patient:
        place = groups.macro("PlaneOrientationVolumeSequence", "ImageOrientationVolume")
        position, orientation = in_volume, place.numbers("ImageOrientationVolume")
    spacing = groups.macro("PixelMeasuresSequence", "PixelSpacing").numbers("PixelSpacing")
    found = (groups.macro(sequence, "FrameType").texts("FrameType") for sequence in FRAME_TYPES)
    image_type = next((tuple(t.upper() for t in types) for types in found if types), instance.image_type)
    return Frame(
        instance=instance,
        index=index,
        position_mm=np.array(position) if len(position) == 3 else None,
        orientation=orthonormal(orientation),
        spacing_mm=(spacing[0], spacing[1]) if len(spacing) == 2 and min(spacing) > 0 else None,
        rescale=_rescale(groups),
        windows=windows_of(groups.macro("FrameVOILUTSequence", "WindowCenter")),
        image_type=image_type,
        contrast=_contrast(groups),
        in_patient=in_patient,
        moments=_moments(groups),
    )


def orthonormal(values: tuple[float, ...]) -> Vector | None:
    """(2, 3) direction cosines, made exact unit vectors; None if they are not near to that."""
    if len(values) != 6:
        return None
    cosines = np.array(values).reshape(2, 3)
    lengths = np.linalg.norm(cosines, axis=1, keepdims=True)
    if abs(lengths - 1).max() > UNIT_TOLERANCE or abs(cosines[0] @ cosines[1]) > UNIT_TOLERANCE:
        return None
    return np.asarray(cosines / lengths, dtype=np.float64)


def _rescale(groups: _Groups) -> Rescale:
    place = groups.macro("PixelValueTransformationSequence", "RescaleSlope")
    slope = place.number("RescaleSlope")
    if slope:
        intercept = place.number("RescaleIntercept") or 0.0
        return Rescale(slope, intercept, place.text("RescaleType").upper(), given=True)
    place = groups.macro("PixelValueTransformationSequence", "RescaleIntercept")
    alone = place.number("RescaleIntercept")
    if alone is None:
        dose = groups.header.number("DoseGridScaling")
        if dose:
            return Rescale(dose, 0.0, groups.header.text("DoseUnits").upper(), given=True)
        return Rescale()
    return Rescale(1.0, alone, place.text("RescaleType").upper(), given=True, slope_missing=True)


def _contrast(groups: _Groups) -> tuple[object, ...]:
    echo = groups.macro("MREchoSequence", "EffectiveEchoTime").number("EffectiveEchoTime")
    echo = groups.header.number("EchoTime") if echo is None else echo
    kernel = groups.macro("CTReconstructionSequence", "ConvolutionKernel").texts("ConvolutionKernel")
    stack = groups.macro("FrameContentSequence", "StackID").text("StackID")
    return (None if echo is None else round(echo, 2), kernel, stack)


def _moments(groups: _Groups) -> dict[str, object]:
    content, diffusion = "FrameContentSequence", "MRDiffusionSequence"
    direction = groups.macro(diffusion, "DiffusionGradientDirectionSequence").item("DiffusionGradientDirectionSequence")
    directions = direction.numbers("DiffusionGradientOrientation") or groups.header.numbers(
        "DiffusionGradientOrientation"
    )
    b_value = groups.macro(diffusion, "DiffusionBValue").number("DiffusionBValue")
    if b_value is None and groups.header.text("Modality") == "MR":
        b_value = b_value_of(groups.header)
    trigger = groups.macro("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime")
    return {
        "b-value": b_value,
        "temporal position": groups.macro(content, "TemporalPositionIndex").number("TemporalPositionIndex")
        or groups.header.number("TemporalPositionIdentifier"),
        "cardiac phase": trigger.number("NominalCardiacTriggerDelayTime") or groups.header.number("TriggerTime"),
        "diffusion direction": (
            b_value,
            tuple(round(x, 4) for x in directions),
        ),
        "acquisition": groups.header.number("AcquisitionNumber"),
        "acquisition time": groups.macro(content, "FrameAcquisitionDateTime").text("FrameAcquisitionDateTime")
        or groups.header.text("AcquisitionDateTime")
        or groups.header.text("AcquisitionTime"),
        "file": groups.header.text("SOPInstanceUID"),
    }
