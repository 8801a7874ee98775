"""One DICOM file: judged, cleaned, and written under a name that says nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.pixels.utils import get_expected_length
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from raddiag_engine.atomic import atomic_path
from raddiag_engine.cases import Anatomy
from raddiag_engine.deidentification import allowed_attributes as lists
from raddiag_engine.deidentification.blanking import blank_dataset
from raddiag_engine.deidentification.burned_in import why_words_are_likely
from raddiag_engine.deidentification.choices import Choices
from raddiag_engine.deidentification.code_streams import without_comments
from raddiag_engine.deidentification.dataset import (
    BLANKED,
    PATIENT_CHARACTERISTICS,
    Cleaning,
    mark_as_deidentified,
)
from raddiag_engine.deidentification.identifying_words import identifying_words
from raddiag_engine.deidentification.pseudonyms import Pseudonyms
from raddiag_engine.deidentification.unused_bits import without_unused_bits
from raddiag_engine.errors import ReadError
from raddiag_engine.reading.dicom.content import anatomy_of, body_part_of
from raddiag_engine.reading.dicom.frame_codecs import layout_of
from raddiag_engine.reading.dicom.header import Header
from raddiag_engine.reading.dicom.instance import Instance, is_storage_class
from raddiag_engine.reading.failures import as_read_error

PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
SLICED = frozenset({"CT", "MR", "PT"})
STORAGE = "1.2.840.10008.5.1.4.1.1."
# Their pixels are made of descriptions and references, which are not copied.
NOT_SCANS = {
    STORAGE + "66.4": "segmentation",
    STORAGE + "66.7": "segmentation",
    STORAGE + "30": "parametric map",
    STORAGE + "481.2": "radiotherapy dose grid",
}
# Regions of other names in which a face lies.
WITH_A_HEAD = re.compile(r"WHOLE ?BODY|HEAD|FACE|C-?SPINE|CERVICAL|WHOLE ?SPINE|SKULL|BRAIN|NECK")
OVERLAY_GROUPS = range(0x6000, 0x6020, 2)


@dataclass(frozen=True)
class Copy:
    """A file that was written.

    Attributes:
        path: Where.
        series: Folder of its series, or of its kind, below the output.
        slices: How many slices of a head it may hold, 0 if its surface shows no face.
        note: What was done beside the rule, empty for nothing.
        names: Words that name somebody in the original, upper case.
    """

    path: Path
    series: str
    slices: int = 0
    note: str = ""
    names: frozenset[str] = field(default=frozenset(), repr=False)


def copy_dicom(path: Path, output: Path, pseudonyms: Pseudonyms, choices: Choices) -> Copy:
    """Write the copy of one file.

    Raises:
        ReadError: It is damaged, holds no image, or words may be burned into it; nothing is written.
    """
    with as_read_error(path, "read this DICOM file"):
        dataset = _parsed(path)
        header = Header(dataset)
        instance = Instance(path, header)
        _check_is_scan(path, dataset, instance)
        _fill_in_uids(path, dataset, pseudonyms)
    syntax = _transfer_syntax(dataset)
    methods: list[str] = []
    note = ""
    likely = why_words_are_likely(header)
    if likely and choices.regions:
        with as_read_error(path, "blank regions of it"):
            dataset.file_meta = FileMetaDataset()
            dataset.file_meta.TransferSyntaxUID = syntax
            blank_dataset(dataset, choices.regions)
            syntax = dataset.file_meta.TransferSyntaxUID
        methods.append(BLANKED)
        note = "regions were blanked"
    elif likely and not choices.allow_burned_in:
        raise ReadError(path, f"{likely}; blank them with --blank, or allow it with --allow-burned-in")
    elif likely:
        note = "words may be burned in, which was allowed"
    with as_read_error(path, "remove the identity"):
        identity = instance.identity
        patient = identity.key or f"study {header.text('StudyInstanceUID')}"
        names = identifying_words(dataset)
        is_pet = instance.modality == "PT"
        copy = Cleaning(
            pseudonyms=pseudonyms,
            shift=pseudonyms.shift(patient),
            names=names,
            allowed=lists.ALLOWED | lists.ALLOWED_IN_PET if is_pet else lists.ALLOWED,
        ).cleaned(dataset)
        if is_pet:
            methods.append(PATIENT_CHARACTERISTICS)
        if BLANKED in methods:
            copy.BurnedInAnnotation = "NO"
        mark_as_deidentified(copy, pseudonyms.label("patient", patient), tuple(methods))
        _check_nothing_beside_the_pixels(path, dataset, copy, syntax)
        series = Path(
            pseudonyms.label("patient", patient),
            pseudonyms.label("study", header.text("StudyInstanceUID")),
            pseudonyms.label("series", header.text("SeriesInstanceUID")),
        )
        target = _free_name(output / series, pseudonyms.label("image", header.text("SOPInstanceUID") or str(path)))
    _write(copy, target, syntax)
    is_head = instance.modality in SLICED and (
        anatomy_of(instance) in (Anatomy.HEAD_AND_NECK, Anatomy.UNKNOWN)
        or WITH_A_HEAD.search(f"{body_part_of(instance)} | {instance.words}") is not None
    )
    return Copy(target, str(series), instance.frame_count if is_head else 0, note, names)


def names_in(path: Path) -> frozenset[str]:
    """Words that name somebody in a file, upper case; none if it cannot be parsed."""
    try:
        with as_read_error(path, "read this DICOM file"):
            return identifying_words(pydicom.dcmread(path, stop_before_pixels=True, force=True))
    except ReadError:
        return frozenset()


def _parsed(path: Path) -> FileDataset:
    try:
        return pydicom.dcmread(path)
    except InvalidDicomError:
        dataset = pydicom.dcmread(path, force=True)
        if not is_storage_class(Header(dataset).text("SOPClassUID")):
            raise ReadError(path, "unknown format: neither a DICOM preamble nor a known SOP class") from None
        return dataset


def _check_is_scan(path: Path, dataset: Dataset, instance: Instance) -> None:
    if not any(keyword in dataset for keyword in PIXELS) or min(instance.shape) < 1:
        name = UID(instance.sop_class).name if is_storage_class(instance.sop_class) else "unknown SOP class"
        raise ReadError(path, f"holds no image ({name.removesuffix(' Storage')}); only images are de-identified")
    if instance.sop_class in NOT_SCANS:
        raise ReadError(path, f"a {NOT_SCANS[instance.sop_class]}, not a scan; only scans are de-identified")
    if "MOSAIC" in instance.image_type:
        raise ReadError(path, "a mosaic; how its tiles lie stands in private elements, which a copy cannot keep")
    if not is_storage_class(instance.sop_class):
        raise ReadError(path, "does not say what kind of image it is, or by a name of its maker's own (SOPClassUID)")


def _fill_in_uids(path: Path, dataset: Dataset, pseudonyms: Pseudonyms) -> None:
    """Where a UID is missing that every image must have, take one for the file or for its folder."""
    for keyword, origin in {
        "SOPInstanceUID": path,
        "SeriesInstanceUID": path.parent,
        "StudyInstanceUID": path.parent,
    }.items():
        if not Header(dataset).text(keyword):
            setattr(dataset, keyword, pseudonyms.uid(f"{keyword} of {origin.absolute()}"))


def _transfer_syntax(dataset: FileDataset) -> UID:
    stated = getattr(dataset, "file_meta", {}).get("TransferSyntaxUID")
    if stated:
        return UID(stated)
    implicit, little = dataset.original_encoding
    if not little:
        return ExplicitVRBigEndian
    return ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian


def _check_nothing_beside_the_pixels(path: Path, dataset: Dataset, copy: Dataset, syntax: UID) -> None:
    """Leave nothing behind and above uncompressed pixels, no comment in compressed ones; refuse overlays inside them.

    Raises:
        ReadError: Pixels are missing, or overlay planes are stored in the bits above the pixels' own.
        ValueError: Compressed pixels are damaged, or of a kind whose comments are not known.
    """
    for group in OVERLAY_GROUPS:
        position = dataset.get((group, 0x0102))
        allocated = dataset.get((group, 0x0100))
        # At bit 0 an overlay may lie by itself or in the pixels, and only its bits allocated tell.
        is_inside = bool(position and position.value) or bool(allocated and allocated.value != 1)
        if is_inside and (group, 0x3000) not in dataset:
            raise ReadError(path, "an overlay, which may hold words, is stored inside its pixels")
    if not syntax.is_encapsulated and "PixelData" in copy:
        expected = get_expected_length(copy)
        if len(copy.PixelData) < expected:
            raise ReadError(path, "the file is truncated: pixels are missing")
        copy["PixelData"].value = without_unused_bits(copy.PixelData[: expected + expected % 2], copy, syntax)
    elif "PixelData" in copy:
        frames = int(copy.get("NumberOfFrames", 1) or 1)
        copy["PixelData"].value = without_comments(copy.PixelData, syntax, frames, layout_of(copy))


def _free_name(folder: Path, name: str) -> Path:
    """A file may hold another's UID; both are kept."""
    candidate, number = folder / f"{name}.dcm", 1
    while candidate.exists():
        number += 1
        candidate = folder / f"{name}-{number}.dcm"
    return candidate


def _write(copy: Dataset, target: Path, syntax: UID) -> None:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = copy.SOPClassUID
    meta.MediaStorageSOPInstanceUID = copy.SOPInstanceUID
    copy.file_meta = meta
    with atomic_path(target) as temporary, as_read_error(target, "write the copy"):
        if "PixelData" in copy and syntax.is_encapsulated:
            copy["PixelData"].is_undefined_length = True
        implicit, little = syntax.is_implicit_VR, syntax.is_little_endian
        pydicom.dcmwrite(temporary, copy, implicit_vr=implicit, little_endian=little, enforce_file_format=True)
