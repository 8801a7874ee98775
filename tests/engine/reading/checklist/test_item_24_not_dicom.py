"""Checklist item 24: never force first: random bytes and text are no data set; no preamble needs a plausible class."""

from __future__ import annotations

import numpy as np
import pytest

from raddiag_engine.errors import ReadError
from raddiag_engine.reading import read_file
from tests.engine.reading.dicom_files import noise, write_slice


@pytest.mark.parametrize(
    "data",
    [
        b"plain text " * 50,
        np.random.default_rng(0).bytes(4000),
        b"\x08\x00" + np.random.default_rng(1).bytes(4000),
        b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100" + np.random.default_rng(2).bytes(4000),
        b"\x08\x00\x16\x00UI\x06\x001.2.3\x00" * 40,
        b"\0" * 128 + b"DICM",
        b"\0" * 128 + b"DICM" + np.random.default_rng(3).bytes(2000),
    ],
)
def test_item_24_what_is_no_dicom_is_refused(tmp_path, data):
    (tmp_path / "a.dcm").write_bytes(data)
    with pytest.raises(ReadError):
        read_file(tmp_path / "a.dcm")


def bare(path):
    data = path.read_bytes()
    return data[144 + int.from_bytes(data[140:144], "little") :]


def test_item_24_a_bare_data_set_with_a_known_class_is_read(tmp_path):
    data = bare(write_slice(tmp_path / "a.dcm", noise(4, 4)))
    (tmp_path / "b.dcm").write_bytes(data)
    (scan,) = read_file(tmp_path / "b.dcm")
    assert np.array_equal(scan.voxels, noise(4, 4) - 1024)


def test_item_24_a_bare_data_set_with_an_unknown_class_is_not(tmp_path):
    data = bare(write_slice(tmp_path / "a.dcm", noise(4, 4)))
    (tmp_path / "b.dcm").write_bytes(data.replace(b"1.2.840.10008.5.1.4.1.1.2\0", b"1.2.840.99999.5.1.4.1.1.2\0"))
    with pytest.raises(ReadError, match="unknown format"):
        read_file(tmp_path / "b.dcm")


def test_item_24_damaged_files_are_a_scan_or_a_read_error(tmp_path):
    data = bytearray(write_slice(tmp_path / "a.dcm", noise(8, 8)).read_bytes())
    random = np.random.default_rng(4)
    outcomes = {"scan": 0, "error": 0}
    for _ in range(300):
        damaged = bytearray(data)
        for at in random.integers(0, len(data), 6):
            damaged[at] = int(random.integers(0, 256))
        end = int(random.integers(100, len(data) + 1)) if random.random() < 0.5 else len(data)
        (tmp_path / "b.dcm").write_bytes(damaged[:end])
        try:
            read_file(tmp_path / "b.dcm")
            outcomes["scan"] += 1
        except ReadError:
            outcomes["error"] += 1
    assert sum(outcomes.values()) == 300
    assert min(outcomes.values()) > 0
