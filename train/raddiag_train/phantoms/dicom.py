"""Phantoms as DICOM files: a CT or MR series of one file a slice, a digital radiograph, an ultrasound image."""

from __future__ import annotations

import uuid
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from raddiag_engine.cases import Anatomy, Modality, Scan
from raddiag_train.phantoms.case import PhantomCase

FIXED_DATE = "20000101"
NAMESPACE = uuid.UUID("5f0c1c35-6f5f-4e0c-9f5e-7b1f1a0d2c11")
IMPLEMENTATION_UID = UID(f"2.25.{NAMESPACE.int}")
STATEMENT = "Synthetic phantom, not a patient; made by raddiag data phantom"

# Modality (0008,0060) and SOP class (PS3.4 B.5).
DICOM_CLASSES = {
    Modality.CT: ("CT", "1.2.840.10008.5.1.4.1.1.2"),
    Modality.MRI: ("MR", "1.2.840.10008.5.1.4.1.1.4"),
    Modality.XRAY: ("DX", "1.2.840.10008.5.1.4.1.1.1.1"),
    Modality.ULTRASOUND: ("US", "1.2.840.10008.5.1.4.1.1.6.1"),
}
BODY_PARTS = {
    Anatomy.CHEST: "CHEST",
    Anatomy.HEAD_AND_NECK: "HEAD",
    Anatomy.ABDOMEN_AND_PELVIS: "ABDOMEN",
    Anatomy.LOWER_LIMB: "KNEE",
}


def write_dicom(phantom: PhantomCase, folder: Path) -> dict[str, Path]:
    """Write every scan of a phantom.

    UIDs are made from the seed under the root 2.25 (PS3.5 B.2), the date is fixed, and PatientID is "PHANTOM-<seed>",
    so the same seed gives the same files.

    Args:
        phantom: What to write.
        folder: Exists; each scan becomes a folder of slices or one file in it.

    Returns:
        Scan id -> that folder or file.
    """
    paths: dict[str, Path] = {}
    for number, scan in enumerate(phantom.case.scans, 1):
        key = scan.id.rsplit("-", 1)[1]
        if scan.is_volume:
            paths[scan.id] = folder / key
            paths[scan.id].mkdir()
            for index in range(len(scan.voxels)):
                dataset = _slice_dataset(phantom, scan, number, index)
                _save(dataset, paths[scan.id] / f"{index + 1:03d}.dcm")
        else:
            paths[scan.id] = folder / f"{key}.dcm"
            _save(_image_dataset(phantom, scan, number), paths[scan.id])
    return paths


def _common(phantom: PhantomCase, scan: Scan, number: int, instance: int) -> Dataset:
    modality, sop_class = DICOM_CLASSES[scan.modality]
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = _uid(phantom.seed, scan.id, instance)
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = FIXED_DATE
    dataset.StudyTime = dataset.ContentTime = "000000"
    dataset.AccessionNumber = ""
    dataset.Modality = modality
    dataset.Manufacturer = "napari-raddiag"
    dataset.ReferringPhysicianName = ""
    dataset.StudyDescription = "Synthetic phantom"
    dataset.SeriesDescription = f"{phantom.descriptions[scan.id]} (phantom)"
    dataset.PatientName = f"Phantom^Synthetic {phantom.seed}"
    dataset.PatientID = f"PHANTOM-{phantom.seed}"
    dataset.PatientBirthDate = dataset.PatientSex = ""
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = STATEMENT[:64]
    dataset.BodyPartExamined = BODY_PARTS[phantom.anatomy]
    dataset.StudyInstanceUID = _uid(phantom.seed, "study")
    dataset.SeriesInstanceUID = _uid(phantom.seed, scan.id)
    dataset.StudyID = "1"
    dataset.SeriesNumber = number
    dataset.InstanceNumber = instance
    dataset.BurnedInAnnotation = "NO"
    dataset.ImageComments = STATEMENT
    return dataset


def _slice_dataset(phantom: PhantomCase, scan: Scan, number: int, index: int) -> Dataset:
    dataset = _common(phantom, scan, number, index + 1)
    assert scan.affine is not None and scan.spacing_mm is not None
    # RAS+ to DICOM's LPS+ turns the signs of x and y (PS3.3 C.7.6.2.1.1).
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ scan.affine
    row_direction, column_direction = (lps[:3, axis] / np.linalg.norm(lps[:3, axis]) for axis in (2, 1))
    dataset.FrameOfReferenceUID = _uid(phantom.seed, "frame")
    dataset.PositionReferenceIndicator = ""
    dataset.ImagePositionPatient = _decimals(lps[:3, 3] + index * lps[:3, 0])
    dataset.ImageOrientationPatient = _decimals([*row_direction, *column_direction])
    dataset.PixelSpacing = _decimals(scan.spacing_mm[1:])
    dataset.SliceThickness = _decimals(scan.spacing_mm[:1])[0]
    dataset.SpacingBetweenSlices = dataset.SliceThickness
    if scan.modality is Modality.CT:
        dataset.ImageType = ["DERIVED", "PRIMARY", "AXIAL"]
        dataset.KVP = "120"
        dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "HU"
    else:
        dataset.ImageType = ["DERIVED", "PRIMARY", "OTHER"]
        dataset.ScanningSequence, dataset.SequenceVariant, dataset.MRAcquisitionType = "SE", "NONE", "2D"
        dataset.ScanOptions, dataset.EchoTrainLength = "", "1"
    _set_pixels(dataset, scan.voxels[index])
    return dataset


def _image_dataset(phantom: PhantomCase, scan: Scan, number: int) -> Dataset:
    dataset = _common(phantom, scan, number, 1)
    assert scan.spacing_mm is not None
    if scan.modality is Modality.XRAY:
        dataset.ImagerPixelSpacing = dataset.PixelSpacing = _decimals(scan.spacing_mm)
        dataset.ViewPosition = "PA" if phantom.anatomy is Anatomy.CHEST else "AP"
        dataset.PresentationIntentType = "FOR PRESENTATION"
        dataset.PresentationLUTShape = "IDENTITY"
        dataset.PixelIntensityRelationship, dataset.PixelIntensityRelationshipSign = "LOG", -1
        dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "US"
        low, high = np.percentile(scan.voxels.astype(np.float64), (0.5, 99.5))
        dataset.WindowCenter, dataset.WindowWidth = _decimals([(low + high) / 2, max(high - low, 1.0)])
    else:
        dataset.PixelSpacing = _decimals(scan.spacing_mm)
        dataset.SequenceOfUltrasoundRegions = [_ultrasound_region(scan)]
    _set_pixels(dataset, scan.voxels)
    return dataset


def _ultrasound_region(scan: Scan) -> Dataset:
    """The calibrated region of the image (PS3.3 C.8.5.5), here all of it: 2D tissue, centimetres a pixel."""
    assert scan.spacing_mm is not None
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 1, 1, 0
    region.RegionLocationMinX0 = region.RegionLocationMinY0 = 0
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = scan.voxels.shape[1] - 1, scan.voxels.shape[0] - 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX, region.PhysicalDeltaY = scan.spacing_mm[1] / 10, scan.spacing_mm[0] / 10
    return region


def _set_pixels(dataset: Dataset, pixels: NDArray[np.generic]) -> None:
    bits = pixels.dtype.itemsize * 8
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelData = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("<")).tobytes()
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"


def _save(dataset: Dataset, path: Path) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = IMPLEMENTATION_UID
    dataset.file_meta = meta
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)


def _uid(*parts: object) -> str:
    return f"2.25.{uuid.uuid5(NAMESPACE, '/'.join(map(str, parts))).int}"


def _decimals(values: NDArray[np.float64] | tuple[float, ...] | list[float]) -> list[str]:
    """Decimal strings of at most 16 characters (PS3.5 6.2, DS)."""
    return [format(round(float(value), 6) + 0.0, ".10g") for value in values]
