"""Files made to break a reader, by code: each maker writes one bad file and returns it."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pydicom
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from tests.engine.reading.dicom_files import noise, write_slice
from tests.engine.reading.enhanced_files import shared_groups

Maker = Callable[[Path], Path]
MAKERS: dict[str, Maker] = {}
GIB = 2**30


def maker(function: Maker) -> Maker:
    """Register a maker under its name."""
    MAKERS[function.__name__] = function
    return function


def many(prefix: str, makers: dict[str, Maker]) -> None:
    """Register makers that differ in one thing."""
    MAKERS.update({f"{prefix} {name}": function for name, function in makers.items()})


def slice_bytes(path: Path, **attributes: object) -> bytes:
    """The content of a good CT slice."""
    content = write_slice(path, noise(16, 16), SeriesInstanceUID="1.2.3.99", **attributes).read_bytes()
    path.unlink()
    return content


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


many(
    "content",
    {
        "empty": lambda f: written(f / "bad.dcm", b""),
        "one byte": lambda f: written(f / "bad.dcm", b"D"),
        "preamble only": lambda f: written(f / "bad.dcm", bytes(128) + b"DICM"),
        "random": lambda f: written(f / "bad.dcm", np.random.default_rng(0).bytes(5000)),
        "random after the preamble": lambda f: written(
            f / "bad.dcm", bytes(128) + b"DICM" + np.random.default_rng(0).bytes(5000)
        ),
        "text": lambda f: written(f / "bad.dcm", b"Dear colleague, " * 100),
        "zeros": lambda f: written(f / "bad.dcm", bytes(10_000)),
        "group 0008 and rubbish": lambda f: written(f / "bad.dcm", b"\x08\0\x05\0CS" + b"\xff" * 2000),
        "Windows program": lambda f: written(f / "bad.exe", b"MZ\x90\0" + bytes(2000)),
        "Linux program": lambda f: written(f / "bad", b"\x7fELF" + bytes(2000)),
        "script": lambda f: written(f / "bad.dcm", b"#!/bin/sh\nrm -rf /\n"),
        "MZ preamble": lambda f: written(f / "bad.dcm", b"MZ\x90\0" + slice_bytes(f / "x")[4:]),
        "ELF preamble": lambda f: written(f / "bad.dcm", b"\x7fELF" + slice_bytes(f / "x")[4:]),
    },
)


def nested_sequence(levels: int) -> bytes:
    """Sequences of undefined length, one in another."""
    start = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF
    )
    end = struct.pack("<HHI", 0xFFFE, 0xE00D, 0) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    return start * levels + end * levels


def with_element_after_class(path: Path, element: bytes, **attributes: object) -> Path:
    """A slice with raw bytes put in behind (0008,0060), in the order of tags."""
    content = slice_bytes(path.parent / "x", **attributes)
    at = content.index(b"\x08\0\x60\0CS") + 10
    return written(path, content[:at] + element + content[at:])


many(
    "nested",
    {
        f"{levels} deep": lambda f, levels=levels: with_element_after_class(f / "bad.dcm", nested_sequence(levels))
        for levels in (300, 5000, 200_000)
    },
)


@maker
def deflate_bomb(folder: Path) -> Path:
    """20 MB of empty elements in 20 kB: each becomes an object."""
    meta = slice_bytes(folder / "x")
    dataset = pydicom.dcmread(io.BytesIO(meta))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    start = buffer.getvalue()
    group2_end = 144 + struct.unpack("<I", start[140:144])[0]
    compressor = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    element = struct.pack("<HH2sH", 0x0009, 0x0010, b"LO", 0)
    body = compressor.compress(element * 40_000_000) + compressor.flush()
    return written(folder / "bad.dcm", start[:group2_end] + body)


many(
    "dimensions",
    {
        "65535 x 65535": lambda f: write_slice(f / "bad.dcm", noise(8, 8), Rows=65535, Columns=65535),
        "2^31 - 1 frames": lambda f: write_slice(f / "bad.dcm", noise(8, 8), NumberOfFrames=2**31 - 1),
        "5000 frames": lambda f: write_slice(f / "bad.dcm", noise(8, 8), NumberOfFrames=5000),
        "no rows": lambda f: write_slice(f / "bad.dcm", noise(8, 8), Rows=0),
        "64 bits": lambda f: write_slice(f / "bad.dcm", noise(8, 8), BitsAllocated=64, BitsStored=64),
        "65535 bits": lambda f: write_slice(f / "bad.dcm", noise(8, 8), BitsAllocated=65535),
        "palette without entries": lambda f: write_slice(
            f / "bad.dcm", noise(8, 8), PhotometricInterpretation="PALETTE COLOR"
        ),
        "4 samples": lambda f: write_slice(f / "bad.dcm", noise(8, 8), SamplesPerPixel=4),
    },
)


def encapsulated(
    path: Path, syntax: str, frames: list[bytes], offsets: bytes | None = None, **attributes: object
) -> Path:
    """A slice with a compressed pixel element of given content."""
    content = slice_bytes(path.parent / "x", **attributes)
    dataset = pydicom.dcmread(io.BytesIO(content))
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate(frames) if frames else b"\xfe\xff\x00\xe0" + bytes(4)
    dataset["PixelData"].VR = "OB"
    if offsets is not None:
        body = dataset.PixelData
        length = struct.unpack("<I", body[4:8])[0]
        dataset.PixelData = body[:4] + struct.pack("<I", len(offsets)) + offsets + body[8 + length :]
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(path)
    return path


def j2k(size: int = 16) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(noise(size, size).astype(np.uint8)).save(buffer, "JPEG2000")
    return buffer.getvalue()


def jpeg(size: int = 16, seed: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(noise(size, size, seed=seed).astype(np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()


def damaged(content: bytes, seed: int) -> bytes:
    """The content with 20 bytes of its second half overwritten."""
    rng = np.random.default_rng(seed)
    changed = bytearray(content)
    for at in rng.integers(len(content) // 2, len(content), 20):
        changed[at] = rng.integers(256)
    return bytes(changed)


def lying_j2k() -> bytes:
    """A code stream that announces 60000 x 60000."""
    content = bytearray(j2k())
    at = content.index(b"\xff\x51") + 6
    content[at : at + 8] = struct.pack(">II", 60000, 60000)
    return bytes(content)


EIGHT_BIT = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelRepresentation": 0}
many(
    "pixels",
    {
        **{
            f"{name} cut short": lambda f, s=syntax, b=body: encapsulated(
                f / "bad.dcm", s, [b()[: len(b()) // 2]], **EIGHT_BIT
            )
            for name, syntax, body in (("JPEG 2000", JPEG2000Lossless, j2k), ("JPEG", JPEGBaseline8Bit, jpeg))
        },
        **{
            f"{name} damaged {seed}": lambda f, s=syntax, b=body, n=seed: encapsulated(
                f / "bad.dcm", s, [damaged(b(), n)], **EIGHT_BIT
            )
            for name, syntax, body in (("JPEG 2000", JPEG2000Lossless, j2k), ("JPEG", JPEGBaseline8Bit, jpeg))
            for seed in range(3)
        },
        "JPEG 2000 of another size": lambda f: encapsulated(f / "bad.dcm", JPEG2000Lossless, [j2k(64)], **EIGHT_BIT),
        "JPEG 2000 that lies": lambda f: encapsulated(f / "bad.dcm", JPEG2000Lossless, [lying_j2k()], **EIGHT_BIT),
        "JPEG called JPEG-LS": lambda f: encapsulated(f / "bad.dcm", JPEGLSLossless, [jpeg()], **EIGHT_BIT),
        "JPEG called uncompressed": lambda f: written(
            f / "bad.dcm",
            encapsulated(f / "y", JPEGBaseline8Bit, [jpeg()], **EIGHT_BIT)
            .read_bytes()
            .replace(b"1.2.840.10008.1.2.4.50", b"1.2.840.10008.1.2.1\0\0\0"),
        ),
        "RLE of rubbish": lambda f: encapsulated(f / "bad.dcm", RLELossless, [b"\xff" * 100]),
        "RLE that never ends": lambda f: encapsulated(
            f / "bad.dcm", RLELossless, [struct.pack("<16I", 2, 64, 64, *[0] * 13) + b"\x81\x00" * 10_000]
        ),
        "offsets beyond the end": lambda f: encapsulated(
            f / "bad.dcm",
            JPEG2000Lossless,
            [j2k(), j2k()],
            struct.pack("<II", 0, 0xFFFFFFF0),
            NumberOfFrames=2,
            **EIGHT_BIT,
        ),
        "offsets backwards": lambda f: encapsulated(
            f / "bad.dcm", JPEG2000Lossless, [j2k(), j2k()], struct.pack("<II", 8000, 4), NumberOfFrames=2, **EIGHT_BIT
        ),
        "no fragments": lambda f: encapsulated(f / "bad.dcm", JPEG2000Lossless, [], **EIGHT_BIT),
        "unknown syntax": lambda f: written(
            f / "bad.dcm",
            slice_bytes(f / "x").replace(str(ExplicitVRLittleEndian).encode() + b"\0", b"1.2.840.10008.9.9.9\0"),
        ),
    },
)


def nifti_bytes(**fields: object) -> bytes:
    """A NIfTI file of 4 x 4 x 4 bytes with header fields set afterwards."""
    content = bytearray(nibabel.Nifti1Image(np.zeros((4, 4, 4), np.uint8), np.eye(4)).to_bytes())
    header = np.frombuffer(content, nibabel.nifti1.header_dtype, 1)
    for name, value in fields.items():
        header[name][0] = value
    return bytes(content)


def gzip_of(start: bytes, zeros: int, repeats: int = 1) -> bytes:
    compressor = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    parts = [compressor.compress(start)]
    chunk = bytes(2**20)
    parts += [compressor.compress(chunk) for _ in range(zeros // 2**20)]
    return b"".join([*parts, compressor.flush()]) * repeats


DIMENSIONS_OF_6_GIB = (3, 2048, 2048, 1536, 1, 1, 1, 1)
many(
    "NIfTI",
    {
        "bomb": lambda f: written(f / "bad.nii.gz", gzip_of(nifti_bytes(dim=DIMENSIONS_OF_6_GIB), 2**28)),
        "bomb behind a small volume": lambda f: written(
            f / "bad.nii.gz", gzip_of(nifti_bytes(dim=(3, 9, 9, 9, 1, 1, 1, 1)), 2**28)
        ),
        "lying dimensions": lambda f: written(f / "bad.nii", nifti_bytes(dim=(3, 32767, 32767, 32767, 1, 1, 1, 1))),
        "dimensions beyond the file": lambda f: written(f / "bad.nii", nifti_bytes(dim=(3, 64, 64, 64, 1, 1, 1, 1))),
        "negative dimensions": lambda f: written(f / "bad.nii", nifti_bytes(dim=(3, -4, -4, 4, 1, 1, 1, 1))),
        "seven dimensions": lambda f: written(f / "bad.nii", nifti_bytes(dim=(7, 4, 4, 4, 4, 4, 4, 4))),
        "32767 axes": lambda f: written(f / "bad.nii", nifti_bytes(dim=(32767, 4, 4, 4, 4, 4, 4, 4))),
        "negative offset": lambda f: written(
            f / "bad.nii", nifti_bytes(vox_offset=-352.0, dim=(3, 50, 4, 4, 1, 1, 1, 1))
        ),
        "offset beyond the end": lambda f: written(f / "bad.nii", nifti_bytes(vox_offset=1e9)),
        "offset not a number": lambda f: written(f / "bad.nii", nifti_bytes(vox_offset=np.nan)),
        "unknown type": lambda f: written(f / "bad.nii", nifti_bytes(datatype=9999)),
        "singular sform": lambda f: written(
            f / "bad.nii", nifti_bytes(sform_code=1, srow_x=(0, 0, 0, 0), srow_y=(0, 0, 0, 0), srow_z=(0, 0, 0, 0))
        ),
        "header only": lambda f: written(f / "bad.nii", nifti_bytes()[:352]),
        "half a header": lambda f: written(f / "bad.nii", nifti_bytes()[:346]),
        "pair without its image": lambda f: written(f / "bad.hdr", nifti_bytes(magic=b"ni1")[:348]),
    },
)


def png_of(width: int, height: int, body: bytes = b"") -> bytes:
    """A PNG that announces so many grey pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def saved(path: Path, *images: Image.Image, **options: object) -> bytes:
    images[0].save(path, save_all=len(images) > 1, append_images=images[1:], **options)
    content = path.read_bytes()
    path.unlink()
    return content


many(
    "picture",
    {
        "PNG 60000 x 60000": lambda f: written(f / "bad.png", png_of(60000, 60000, zlib.compress(bytes(10**6)))),
        "PNG of no pixels": lambda f: written(f / "bad.png", png_of(0, 10)),
        "PNG cut short": lambda f: written(
            f / "bad.png", saved(f / "x.png", Image.fromarray(noise(64, 64).astype(np.uint8)))[:900]
        ),
        "PNG with a wrong checksum": lambda f: written(
            f / "bad.png", saved(f / "x.png", Image.fromarray(noise(64, 64).astype(np.uint8))).replace(b"IDAT", b"IDAX")
        ),
        "PNG text bomb": lambda f: written(
            f / "bad.png",
            png_of(8, 8)[:-12]
            + (lambda c: struct.pack(">I", len(c)) + b"zTXt" + c + struct.pack(">I", zlib.crc32(b"zTXt" + c)))(
                b"k\0\0" + zlib.compress(bytes(2**28), 9)
            ),
        ),
        "animated PNG": lambda f: written(
            f / "bad.png",
            saved(f / "x.png", *[Image.fromarray(noise(8, 8, seed=i).astype(np.uint8)) for i in range(3)]),
        ),
        "JPEG cut short": lambda f: written(f / "bad.jpg", jpeg(64)[:300]),
        "JPEG 65500 x 65500": lambda f: written(
            f / "bad.jpg",
            (lambda c: c[: (at := c.index(b"\xff\xc0") + 5)] + struct.pack(">HH", 65500, 65500) + c[at + 4 :])(jpeg()),
        ),
        "TIFF without pages": lambda f: written(f / "bad.tif", b"II*\0\x08\0\0\0\0\0\0\0\0\0"),
        "TIFF whose directory names itself": lambda f: written(
            f / "bad.tif",
            b"II*\0\x08\0\0\0" + struct.pack("<H", 1) + struct.pack("<HHII", 256, 4, 1, 8) + struct.pack("<I", 8),
        ),
        "TIFF that lies": lambda f: written(
            f / "bad.tif",
            b"II*\0\x08\0\0\0"
            + struct.pack("<H", 6)
            + b"".join(
                struct.pack("<HHII", tag, 4, 1, value)
                for tag, value in ((256, 65535), (257, 65535), (258, 8), (259, 1), (273, 8), (279, 2**31))
            )
            + bytes(4),
        ),
        "NPY that lies": lambda f: written(
            f / "bad.npy",
            b"\x93NUMPY\x01\0v\0"
            + b"{'descr': '<f8', 'fortran_order': False, 'shape': (100000, 100000, 1000), }".ljust(117)
            + b"\n",
        ),
        "NPY with a pickle": lambda f: (np.save(f / "bad.npy", np.array([{"a": 1}]), allow_pickle=True), f / "bad.npy")[
            1
        ],
        "NPY with code for a header": lambda f: written(
            f / "bad.npy", b"\x93NUMPY\x01\0v\0" + b"__import__('os').abort()".ljust(117) + b"\n"
        ),
    },
)

MANY = 99_999
PLACED = shared_groups(PlanePositionSequence={"ImagePositionPatient": [0.0, 0.0, 0.0]})


def deflated(path: Path, **attributes: object) -> Path:
    """A slice whose data set, pixels and all, is deflated."""
    dataset = pydicom.dcmread(io.BytesIO(slice_bytes(path.parent / "x", **attributes)))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.save_as(path)
    return path


def without_preamble(path: Path, **attributes: object) -> Path:
    """A slice that begins with group 0008: no preamble, no transfer syntax."""
    dataset = pydicom.dcmread(io.BytesIO(slice_bytes(path.parent / "x", **attributes)))
    plain = pydicom.Dataset(dataset)
    plain.save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=False)
    return path


many(
    "99999 frames",
    {
        "not compressed": lambda f: write_slice(f / "bad.dcm", noise(8, 8), NumberOfFrames=MANY),
        "at one place": lambda f: write_slice(
            f / "bad.dcm", noise(8, 8), NumberOfFrames=MANY, SharedFunctionalGroupsSequence=PLACED
        ),
        "of an ultrasound loop": lambda f: write_slice(
            f / "bad.dcm", noise(8, 8), NumberOfFrames=MANY, Modality="US", PhotometricInterpretation="YBR_FULL_422"
        ),
        "of bits": lambda f: write_slice(
            f / "bad.dcm", noise(8, 8), NumberOfFrames=MANY, BitsAllocated=1, BitsStored=1
        ),
        "deflated": lambda f: deflated(f / "bad.dcm", NumberOfFrames=MANY),
        "deflated and at one place": lambda f: deflated(
            f / "bad.dcm", NumberOfFrames=MANY, SharedFunctionalGroupsSequence=PLACED
        ),
        "without a preamble": lambda f: without_preamble(f / "bad.dcm", NumberOfFrames=MANY),
        "of JPEG 2000": lambda f: encapsulated(
            f / "bad.dcm", JPEG2000Lossless, [j2k()[:40]], NumberOfFrames=MANY, **EIGHT_BIT
        ),
        "of JPEG 2000 at one place": lambda f: encapsulated(
            f / "bad.dcm",
            JPEG2000Lossless,
            [j2k()[:40]],
            NumberOfFrames=MANY,
            SharedFunctionalGroupsSequence=PLACED,
            **EIGHT_BIT,
        ),
        "of JPEG, each of nothing": lambda f: encapsulated(
            f / "bad.dcm", JPEGBaseline8Bit, [b"\xff\xd8"] * MANY, NumberOfFrames=MANY, **EIGHT_BIT
        ),
        "of JPEG, each of nothing, at one place": lambda f: encapsulated(
            f / "bad.dcm",
            JPEGBaseline8Bit,
            [b"\xff\xd8"] * MANY,
            NumberOfFrames=MANY,
            SharedFunctionalGroupsSequence=PLACED,
            **EIGHT_BIT,
        ),
        "of RLE": lambda f: encapsulated(f / "bad.dcm", RLELossless, [b"\xff" * 100] * 2, NumberOfFrames=MANY),
    },
)
MAKERS["1000 frames deflated"] = lambda f: deflated(f / "bad.dcm", NumberOfFrames=1000)
MAKERS["9999 x 9999 pixels in 20 frames"] = lambda f: write_slice(
    f / "bad.dcm", noise(8, 8), NumberOfFrames=20, Rows=9999, Columns=9999
)

NAMES = {
    "a newline": "bad\n\x1b[31mname.dcm",
    "an emoji": "bad 💀.dcm",
    "250 letters": "b" * 250,
    "a quote": "bad'\"[bold].dcm",
}
many(
    "name with",
    {name: lambda f, spelled=spelled: written(f / spelled, b"Dear colleague") for name, spelled in NAMES.items()},
)
