"""Checklist item 20: wrong or missing character sets, name groups, Unicode and very long paths never crash."""

from __future__ import annotations

import contextlib
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.engine.reading.checklist.scans import read_one
from tests.engine.reading.dicom_files import noise, write_slice


def with_raw_name(path, name: bytes, charset: bytes | None):
    """A file whose name and character set are these bytes, whatever a writer would say to them."""
    filler = "N" * len(name)
    write_slice(path, noise(4, 4), PatientName=filler)
    data = path.read_bytes()
    named = data.replace(element(0x0010, 0x0010, b"PN", filler.encode()), element(0x0010, 0x0010, b"PN", name))
    assert named != data or not name
    start = named.index(b"\x08\x00\x08\x00CS")
    extra = b"" if charset is None else element(0x0008, 0x0005, b"CS", charset)
    path.write_bytes(named[:start] + extra + named[start:])
    return path


def element(group: int, number: int, vr: bytes, value: bytes) -> bytes:
    padded = value + b" " * (len(value) % 2)
    return struct.pack("<HH2sH", group, number, vr, len(padded)) + padded


@pytest.mark.parametrize("charset", [None, b"", b"ISO_IR 100", b"ISO_IR 192", b"ISO 2022 IR 87", b"NONSENSE", b"\\\\X"])
@pytest.mark.parametrize(
    "name",
    [
        b"M\xfcller^J\xf6rg",
        "Ямада^太郎".encode(),
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B",
        b"\xff\xfe\x80",
        b"^^^^",
        b"",
    ],
)
def test_item_20_no_name_and_no_character_set_crashes(tmp_path, name, charset):
    scan = read_one(with_raw_name(tmp_path / "a.dcm", name, charset))
    assert np.array_equal(scan.voxels, noise(4, 4) - 1024)
    assert scan.identity.patient_id == "P1"
    assert isinstance(scan.identity.patient_name, str)
    scan.identity.key.encode("ascii")


def test_item_20_a_description_in_a_wrong_character_set(tmp_path):
    path = write_slice(
        tmp_path / "a.dcm", noise(4, 4), SeriesDescription="Sch\xe4del", SpecificCharacterSet="ISO_IR 100"
    )
    data = path.read_bytes().replace(b"ISO_IR 100", b"ISO_IR 999")
    path.write_bytes(data)
    assert read_one(path).voxels.shape == (4, 4)


@pytest.mark.parametrize("name", ["Überweisung 肺 🫁.dcm", "a\nb.dcm", "quote'\".dcm", "x" * 200 + ".dcm"])
def test_item_20_unicode_and_long_names_of_files(tmp_path, name):
    path = write_slice(tmp_path / "a.dcm", noise(4, 4))
    path.rename(tmp_path / name)
    assert read_one(tmp_path).sources == (tmp_path / name,)


@pytest.mark.skipif(sys.platform == "win32", reason="paths are shorter there")
def test_item_20_very_long_paths(tmp_path):
    path = write_slice(tmp_path / "a.dcm", noise(4, 4))
    with contextlib.ExitStack() as inside:
        inside.enter_context(contextlib.chdir(tmp_path))
        for number in range(16):
            folder = Path(f"{number:02d}" + "d" * 198)
            folder.mkdir()
            inside.enter_context(contextlib.chdir(folder))
        path.rename("a.dcm")
    assert len(str(read_one(tmp_path).sources[0])) > 3200
