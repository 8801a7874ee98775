"""Files for the benchmark of the readers, made by code: a CT in several transfer syntaxes and in one file, a mixed
folder, a NIfTI.
"""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import nibabel
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    CTImageStorage,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    MRImageStorage,
    RLELossless,
    generate_uid,
)

# What a PACS sends out; the first two are not compressed.
SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEG2000Lossless,
)
SPACING_MM, STEP_MM = 0.75, 0.6


def body(slices: int, side: int) -> NDArray[np.int16]:
    """(slice, row, column) stored values of a CT of a body made of ellipsoids, with the noise of a scanner."""
    rng = np.random.default_rng(0)
    z, y, x = np.ogrid[-1 : 1 : slices * 1j, -1 : 1 : side * 1j, -1 : 1 : side * 1j]
    volume = np.full((slices, side, side), 24, np.int16)
    for centre, radii, value in (
        ((0, 0, 0), (1.5, 0.7, 0.9), 1064),
        ((-0.2, -0.1, 0.4), (0.6, 0.4, 0.3), 174),
        ((-0.2, -0.1, -0.4), (0.6, 0.4, 0.3), 184),
        ((0, 0.45, 0), (1.5, 0.12, 0.1), 1900),
        ((0.5, 0, -0.4), (0.4, 0.35, 0.3), 1084),
    ):
        inside = sum(((axis - c) / r) ** 2 for axis, c, r in zip((z, y, x), centre, radii, strict=True)) <= 1
        volume[inside] = value
    for index in range(slices):
        volume[index] += rng.normal(0, 12, (side, side)).astype(np.int16)
    return np.clip(volume, 0, 4095)


def write_mixed_ct(folder: Path, stored: NDArray[np.int16]) -> Path:
    """One file a slice, the transfer syntaxes in turn; names are in no order."""
    folder.mkdir(parents=True)
    names = np.random.default_rng(1).permutation(len(stored))
    for index, slice_HW in enumerate(stored):
        _write_slice(folder / f"IM{names[index]:05d}", slice_HW, index, 1, SYNTAXES[index % len(SYNTAXES)])
    return folder


def write_mixed_folder(folder: Path, count: int) -> Path:
    """So many small files: CT and MR series of 100 slices in one folder each, and pictures and notes between them."""
    stored = body(100, 64)
    for number in range(count):
        home = folder / f"{number // 100:03d}"
        home.mkdir(parents=True, exist_ok=True)
        if number % 50 == 49:
            (home / f"note{number}.txt").write_bytes(b"Dear colleague, " * 20)
        elif number % 50 == 48:
            Image.fromarray((stored[number % 100] // 16).astype(np.uint8)).save(home / f"key{number}.png")
        else:
            _write_slice(home / f"IM{number:05d}", stored[number % 100], number % 100, series=number // 100)
    return folder


def write_multi_frame(path: Path, stored: NDArray[np.int16], syntax: UID) -> Path:
    """An enhanced CT: all slices in one file."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = syntax, EnhancedCTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["all slices", syntax])
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    dataset.Modality, dataset.PatientID, dataset.PatientName = "CT", "BENCHMARK", "Made^By^Code"
    dataset.StudyInstanceUID = generate_uid(entropy_srcs=["study"])
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=["series", syntax])
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = stored.shape
    _describe_pixels(dataset)
    shared = Dataset()
    shared.PixelMeasuresSequence = [_item(PixelSpacing=[SPACING_MM, SPACING_MM], SliceThickness=1.0)]
    shared.PlaneOrientationSequence = [_item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]
    shared.PixelValueTransformationSequence = [_item(RescaleSlope=1, RescaleIntercept=-1024, RescaleType="HU")]
    dataset.SharedFunctionalGroupsSequence = [shared]
    places = ([-192.0, -192.0, round(STEP_MM * index, 3)] for index in range(len(stored)))
    dataset.PerFrameFunctionalGroupsSequence = Sequence(
        _item(PlanePositionSequence=[_item(ImagePositionPatient=place)]) for place in places
    )
    pixels = stored.astype(np.uint16)
    if syntax.is_encapsulated:
        dataset.PixelData = encapsulate([imagecodecs.jpegls_encode(slice_HW) for slice_HW in pixels])
        dataset["PixelData"].VR = "OB"
    else:
        dataset.PixelData = pixels.tobytes()
    dataset.save_as(path, enforce_file_format=True)
    return path


def write_nifti_gz(path: Path, slices: int, side: int) -> Path:
    """A compressed volume of 16-bit integers."""
    volume = np.ascontiguousarray(body(slices, side).transpose(2, 1, 0)) - np.int16(1024)
    nibabel.save(nibabel.Nifti1Image(volume, np.diag([-SPACING_MM, -SPACING_MM, STEP_MM, 1.0])), path)
    return path


def _write_slice(
    path: Path, stored: NDArray[np.int16], index: int, series: int, syntax: UID = ExplicitVRLittleEndian
) -> None:
    is_ct = series % 2 == 1
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = CTImageStorage if is_ct else MRImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[str(series), str(index)])
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    dataset.Modality = "CT" if is_ct else "MR"
    dataset.PatientID, dataset.PatientName = "BENCHMARK", "Made^By^Code"
    dataset.StudyInstanceUID = generate_uid(entropy_srcs=["study"])
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=["series", str(series)])
    dataset.FrameOfReferenceUID = generate_uid(entropy_srcs=["place", str(series)])
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = "20260101"
    dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = "120000"
    dataset.StudyDescription, dataset.SeriesDescription = "THORAX", "THIN SOFT TISSUE"
    dataset.Manufacturer, dataset.BodyPartExamined, dataset.KVP = "Code", "CHEST", 120
    dataset.SeriesNumber, dataset.InstanceNumber, dataset.AcquisitionNumber = series, index + 1, 1
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"] if is_ct else ["ORIGINAL", "PRIMARY", "M", "ND"]
    dataset.ImagePositionPatient = [-192.0, -192.0, round(STEP_MM * index, 3)]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing, dataset.SliceThickness = [SPACING_MM, SPACING_MM], 1.0
    dataset.Rows, dataset.Columns = stored.shape
    _describe_pixels(dataset)
    if is_ct:
        dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, -1024, "HU"
    dataset.WindowCenter, dataset.WindowWidth = 40, 400
    _add_pixels(dataset, stored.astype(np.uint16), syntax)
    dataset.save_as(path, enforce_file_format=True)


def _describe_pixels(dataset: Dataset) -> None:
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0


def _item(**values: object) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def _add_pixels(dataset: FileDataset, pixels: NDArray[np.uint16], syntax: UID) -> None:
    if not syntax.is_encapsulated:
        dataset.PixelData = np.ascontiguousarray(pixels).tobytes()
        return
    if syntax == JPEGLSLossless:
        coded = imagecodecs.jpegls_encode(pixels)
    elif syntax == JPEGLosslessSV1:
        coded = imagecodecs.ljpeg_encode(pixels, bitspersample=16)
    else:
        dataset.compress(syntax, pixels, generate_instance_uid=False)
        return
    dataset.PixelData = encapsulate([coded])
    dataset["PixelData"].VR = "OB"
