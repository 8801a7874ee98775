"""One DICOM file: its header, read without its pixels, and whether there is an image in it at all."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
    RLETransferSyntaxes,
    UID_dictionary,
)

from raddiag_engine.cases import Identity
from raddiag_engine.errors import ReadError
from raddiag_engine.reading.dicom.encoded_pixels import PixelPlace
from raddiag_engine.reading.dicom.header import Header
from raddiag_engine.reading.dicom.parsing import parse
from raddiag_engine.reading.failures import as_read_error
from raddiag_engine.reading.limits import MAX_SLICES, check_size

DICOMDIR = "1.2.840.10008.1.3.10"
# No stream of deflate gives more for less.
DEFLATE_RATIO = 1032
# Each frame has one item at least (PS3.5 A.4); of a video all frames may be in one.
FRAME_BY_FRAME = (*JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes, *JPEG2000TransferSyntaxes, *RLETransferSyntaxes)
ITEM_HEADER_BYTES = 8
# MPEG-2, MPEG-4 and HEVC, and SMPTE ST 2110 (PS3.6 table A-1).
VIDEO = re.compile(r"1\.2\.840\.10008\.1\.2\.(4\.10[0-8](\.1)?$|7\.)")
NATIVE_SYNTAXES = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)


@dataclass(frozen=True, eq=False)
class Instance:
    """A DICOM file that announces an image.

    What is asked for every frame is kept: looking it up in the header each time takes longer than decoding a frame.

    Attributes:
        path: The file.
        header: Everything but the pixels.
        pixels: Where the pixels stand in the file, None where only parsing it to its end tells.
    """

    path: Path
    header: Header
    pixels: PixelPlace | None = None

    @cached_property
    def sop_class(self) -> str:
        """(0008,0016)."""
        return self.header.text("SOPClassUID")

    @cached_property
    def modality(self) -> str:
        """(0008,0060), upper case."""
        return self.header.text("Modality").upper()

    @cached_property
    def image_type(self) -> tuple[str, ...]:
        """(0008,0008), upper case."""
        return tuple(value.upper() for value in self.header.texts("ImageType"))

    @cached_property
    def words(self) -> str:
        """Descriptions of study, series and protocol, upper case, for looking up words."""
        keywords = ("SeriesDescription", "ProtocolName", "StudyDescription", "PerformedProcedureStepDescription")
        return " | ".join(self.header.text(keyword) for keyword in keywords).upper()

    @cached_property
    def uid(self) -> str:
        """(0008,0018)."""
        return self.header.text("SOPInstanceUID")

    @cached_property
    def number(self) -> int:
        """(0020,0013)."""
        return self.header.integer("InstanceNumber")

    @cached_property
    def first_frame(self) -> int:
        """How many frames of its concatenation lie in other files before it, (0020,9228)."""
        return self.header.integer("ConcatenationFrameOffsetNumber")

    @cached_property
    def colour(self) -> tuple[int, str]:
        """(0028,0002) and (0028,0004): samples a pixel and what they mean."""
        return self.header.integer("SamplesPerPixel", 1), self.header.text("PhotometricInterpretation")

    @cached_property
    def shown_inverted(self) -> bool:
        """True if (2050,0020) asks for the inverse."""
        return self.header.text("PresentationLUTShape").upper() == "INVERSE"

    @cached_property
    def units(self) -> str:
        """(0054,1001) of positron emission tomography, upper case."""
        return self.header.text("Units").upper()

    @cached_property
    def place_in_list(self) -> tuple[str, str, int, str]:
        """Study date, study, series number and series, in which order scans are shown."""
        header = self.header
        study = header.text("StudyDate"), header.text("StudyInstanceUID")
        return (*study, header.integer("SeriesNumber"), self.series)

    @cached_property
    def frame_count(self) -> int:
        """(0028,0008), 1 where it is absent."""
        return max(self.header.integer("NumberOfFrames", 1), 1)

    @cached_property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.header.integer("Rows"), self.header.integer("Columns")

    @property
    def native_bytes(self) -> int:
        """Bytes of all frames where they are not compressed: bits are packed, 4:2:2 has two samples a pixel."""
        rows, columns = self.shape
        samples, kind = self.colour
        samples = 2 if kind.endswith("_422") else max(samples, 1)
        bits = max(self.header.integer("BitsAllocated", 8), 1)
        return -(-self.frame_count * rows * columns * samples * bits // 8)

    def check_length(self, there_bytes: int, where: str, least_bytes: int) -> None:
        """Refuse frames that cannot all be there: told once, where trying each of 100,000 takes minutes.

        Args:
            there_bytes: How many bytes there are for the pixels.
            where: What holds them, for the message.
            least_bytes: How many the frames announced must have.

        Raises:
            ReadError: There are fewer.
        """
        if there_bytes < least_bytes:
            frames = "a frame" if self.frame_count == 1 else f"{self.frame_count} frames"
            size = " x ".join(map(str, self.shape))
            raise ReadError(
                self.path,
                f"the file is truncated or damaged: it announces {frames} of {size} pixels, {least_bytes} bytes at "
                f"least, and {where} has {there_bytes}",
            )

    @cached_property
    def series(self) -> str:
        """(0020,000E); the folder where it is absent."""
        return self.header.text("SeriesInstanceUID") or f"folder {self.path.parent}"

    @cached_property
    def identity(self) -> Identity:
        """The patient module, (0010,xxxx)."""
        patient_id, issuer = self.header.text("PatientID"), self.header.text("IssuerOfPatientID")
        return Identity(
            patient_id=f"{patient_id}/{issuer}" if patient_id and issuer else patient_id,
            patient_name=self.header.text("PatientName"),
            birth_date=self.header.text("PatientBirthDate"),
            sex=self.header.text("PatientSex"),
        )

    @property
    def frame_of_reference(self) -> str:
        """Digest of (0020,0052), empty where it is absent."""
        uid = self.header.text("FrameOfReferenceUID")
        return hashlib.sha256(uid.encode("utf-8", "replace")).hexdigest()[:16] if uid else ""


def read_instance(path: Path) -> Instance:
    """Read the header of a DICOM file.

    Raises:
        ReadError: Not DICOM, damaged, or no image: a report, a presentation state, a DICOMDIR.
    """
    with as_read_error(path, "read the DICOM header"):
        parsed = parse(path, with_pixels=False)
        dataset = parsed.dataset
        instance = Instance(path, Header(dataset), parsed.pixels)
        media_class = str(getattr(dataset, "file_meta", {}).get("MediaStorageSOPClassUID", ""))
        if parsed.on_trust and not is_storage_class(instance.sop_class):
            raise ReadError(path, "unknown format: neither a DICOM preamble nor a known SOP class")
        if DICOMDIR in (media_class, instance.sop_class):
            raise ReadError(path, "is a DICOMDIR, the index of other files; give the folder it lies in")
        _check_image(instance)
        syntax = str(getattr(dataset, "file_meta", {}).get("TransferSyntaxUID", ""))
        if VIDEO.match(syntax):
            name = UID(syntax).name
            raise ReadError(path, f"its pixels are a video ({name}), which is not decoded here; export it as frames")
        instance.check_length(path.stat().st_size, "the whole file", _least_bytes(instance, syntax))
    return instance


def is_storage_class(uid: str) -> bool:
    """True for a SOP class of the standard's dictionary; random bytes do not name one."""
    return uid in UID_dictionary and UID_dictionary[uid][1] == "SOP Class"


def _least_bytes(instance: Instance, syntax: str) -> int:
    """What the frames announced take at least in a file of this transfer syntax."""
    if not syntax or syntax in NATIVE_SYNTAXES:
        return instance.native_bytes
    if syntax == DeflatedExplicitVRLittleEndian:
        return instance.native_bytes // DEFLATE_RATIO
    return instance.frame_count * ITEM_HEADER_BYTES if syntax in FRAME_BY_FRAME else 0


def _check_image(instance: Instance) -> None:
    rows, columns = instance.shape
    if rows < 1 or columns < 1:
        name = UID(instance.sop_class).name if is_storage_class(instance.sop_class) else "unknown SOP class"
        raise ReadError(instance.path, f"holds no image ({name.removesuffix(' Storage')})")
    if instance.frame_count > MAX_SLICES:
        raise ReadError(instance.path, f"announces {instance.frame_count} frames, over the limit of {MAX_SLICES}")
    samples = max(instance.header.integer("SamplesPerPixel", 1), 1)
    bytes_each = samples * max(instance.header.integer("BitsAllocated", 8), 8) // 8
    check_size(instance.path, (instance.frame_count, rows, columns), bytes_each)
