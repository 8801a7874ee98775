"""Conversion of formats the engine does not read: values and geometry kept, anything but an array refused."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import SimpleITK
from PIL import Image

from raddiag_engine.errors import ReadError
from raddiag_train.data.scan_conversion import convert_scan

VOLUME = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6) - 50


def metaimage(folder: Path, compressed: bool = False) -> Path:
    image = SimpleITK.GetImageFromArray(VOLUME)
    image.SetSpacing((0.5, 0.75, 2.0))
    image.SetOrigin((-10.0, 20.0, 30.0))
    image.SetDirection((0, 1, 0, -1, 0, 0, 0, 0, 1))
    SimpleITK.WriteImage(image, str(folder / "scan.mhd"), compressed)
    return folder / "scan.mhd"


@pytest.mark.parametrize("compressed", [False, True])
def test_a_metaimage_lies_where_another_reader_puts_it(tmp_path: Path, compressed: bool) -> None:
    source = metaimage(tmp_path, compressed)
    target = convert_scan(source, "MetaImage", tmp_path / "out")
    other = tmp_path / "other.nii.gz"
    SimpleITK.WriteImage(SimpleITK.ReadImage(str(source)), str(other))
    ours, theirs = nibabel.load(target), nibabel.load(other)
    assert ours.affine == pytest.approx(theirs.affine)
    assert (np.asarray(ours.dataobj) == np.asarray(theirs.dataobj)).all()
    assert (np.asarray(ours.dataobj).transpose(2, 1, 0) == VOLUME).all()


def test_a_metaimage_of_too_few_bytes_or_with_data_elsewhere_is_refused(tmp_path: Path) -> None:
    source = metaimage(tmp_path)
    raw = tmp_path / "scan.raw"
    raw.write_bytes(raw.read_bytes()[:-2])
    with pytest.raises(ReadError, match=r"scan\.raw: holds 238 bytes; its header claims 240"):
        convert_scan(source, "MetaImage", tmp_path / "out")
    source.write_text(source.read_text().replace("scan.raw", "../scan.raw"))
    with pytest.raises(ReadError, match="expected is a file beside it"):
        convert_scan(source, "MetaImage", tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_slices_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    folder = tmp_path / "1001"
    folder.mkdir()
    for number in (9, 10, 2):
        Image.fromarray(np.full((3, 4), number, dtype=np.uint8)).save(folder / f"{number}.png")
    stored = np.load(convert_scan(folder, "slice pictures", tmp_path / "out"))
    assert stored.shape == (3, 4, 3)
    assert stored[0, 0].tolist() == [2, 9, 10]


def test_slices_of_two_sizes_are_refused_with_the_one_at_fault(tmp_path: Path) -> None:
    for number, size in enumerate([4, 4, 5]):
        Image.fromarray(np.zeros((3, size), dtype=np.uint8)).save(tmp_path / f"{number}.png")
    with pytest.raises(ReadError, match=r"2\.png"):
        convert_scan(tmp_path, "slice pictures", tmp_path / "out")


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("dtype", [np.uint16, ">i2", np.float64])
def test_a_pickled_array_is_stored_with_its_slices_last(tmp_path: Path, protocol: int, dtype: Any) -> None:
    source = tmp_path / "scan.pck"
    source.write_bytes(pickle.dumps(VOLUME.astype(dtype), protocol=protocol))
    stored = np.load(convert_scan(source, "pickled array", tmp_path / "out"))
    assert (stored == VOLUME.astype(dtype).transpose(1, 2, 0)).all()


class _Attack:
    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call


def test_a_pickle_that_runs_something_is_refused(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    for attack in (_Attack(os.system, f"touch {marker}"), _Attack(eval, f"open({str(marker)!r}, 'w')")):
        source = tmp_path / "scan.pck"
        source.write_bytes(pickle.dumps(attack))
        with pytest.raises(ReadError, match="which is no array"):
            convert_scan(source, "pickled array", tmp_path / "out")
    assert not marker.exists()


@pytest.mark.parametrize("content", [{"a": 1}, np.zeros((2, 3)), np.array([["x"]], dtype=object), b""])
def test_a_pickle_of_something_else_is_refused(tmp_path: Path, content: Any) -> None:
    source = tmp_path / "scan.pck"
    source.write_bytes(content if isinstance(content, bytes) else pickle.dumps(content))
    with pytest.raises(ReadError):
        convert_scan(source, "pickled array", tmp_path / "out")


def test_a_compressed_array_is_stored_with_its_slices_last(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", ct=VOLUME)
    assert (np.load(convert_scan(tmp_path / "a.npz", "npz", tmp_path)) == VOLUME.transpose(1, 2, 0)).all()
    (tmp_path / "b.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:100])
    with pytest.raises(ReadError, match=r"b\.npz"):
        convert_scan(tmp_path / "b.npz", "npz", tmp_path)


def test_a_scan_is_converted_again_only_when_its_source_is_newer(tmp_path: Path) -> None:
    source = tmp_path / "a.npz"
    np.savez(source, ct=VOLUME)
    target = convert_scan(source, "npz", tmp_path / "out")
    made = target.stat().st_ino
    assert convert_scan(source, "npz", tmp_path / "out").stat().st_ino == made
    os.utime(source, ns=(target.stat().st_mtime_ns + 10**9,) * 2)
    assert convert_scan(source, "npz", tmp_path / "out").stat().st_ino != made
