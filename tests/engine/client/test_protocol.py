"""The wire: safetensors that the library reads and writes alike, maps within half a step, strict JSON."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import safetensors.numpy

from raddiag_engine.protocol.errors import ProtocolError
from raddiag_engine.protocol.maps import from_fixed_point, maps_from_bytes, maps_to_parts, pack_maps, to_fixed_point
from raddiag_engine.protocol.strict_json import read_object, write_object
from raddiag_engine.protocol.tensors import DTYPES, from_bytes, sha256_of, to_parts
from raddiag_engine.protocol.voxels import VoxelNames, voxels_to_parts
from raddiag_engine.saliency.saliency_map import SaliencyMap


@pytest.mark.parametrize("word", DTYPES)
def test_the_library_reads_what_is_written_and_the_other_way_round(word: str) -> None:
    array = np.random.default_rng(0).integers(0, 2, (3, 4, 5)).astype(DTYPES[word])
    written = b"".join(bytes(part) for part in to_parts({"a": array, "b": array[0]}, {"key": "värde"}))
    theirs = safetensors.numpy.load(written)
    assert set(theirs) == {"a", "b"}
    np.testing.assert_array_equal(theirs["a"], array)
    ours, metadata = from_bytes(safetensors.numpy.save({"a": array}, {"key": "value"}), 1000)
    np.testing.assert_array_equal(ours["a"], array)
    assert metadata == {"key": "value"}
    assert from_bytes(written, 1000)[1] == {"key": "värde"}


def test_what_the_format_lacks_is_refused() -> None:
    for dtype in (np.complex64, object, "U4"):
        with pytest.raises(ProtocolError, match="cannot be sent"):
            to_parts({"a": np.zeros(3, dtype)})


def test_voxels_are_sent_without_a_copy_and_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    voxels = np.arange(1000, dtype=np.int16).reshape(10, 10, 10)
    assert np.shares_memory(np.frombuffer(voxels_to_parts(voxels)[1], np.uint8), voxels)
    names = VoxelNames()
    first = names.of(voxels)
    assert first == sha256_of(voxels_to_parts(voxels))
    monkeypatch.setattr("raddiag_engine.protocol.voxels.sha256_of", lambda parts: "computed again")
    assert names.of(voxels) == first
    assert names.of(voxels.copy()) == "computed again"
    for number in range(50):  # an address that is used again is not taken for the array that was there before
        gone = np.full(1000, number, np.int16)
        names._known[id(gone)] = (lambda: None, "stale")  # type: ignore[assignment]
        assert names.of(gone) == "computed again"
    gc.collect()
    names.of(np.zeros(3))
    assert len(names._known) <= 3


def test_fixed_point_keeps_what_matters() -> None:
    values = np.random.default_rng(0).random((5, 40, 30), dtype=np.float32) ** 8
    values[0, 0, :3] = (0.0, 1.0, 1e-12)
    back = from_fixed_point(to_fixed_point(values))
    assert back.dtype == np.float32
    assert tuple(back[0, 0, :2]) == (0.0, 1.0)
    assert ((back > 0) == (values > 0)).all()
    assert np.abs(back - values)[values > 1 / 65535].max() <= 0.505 / 65535
    assert np.abs(back - values).max() <= 1.0001 / 65535


def saliency(scan_id: str, values: np.ndarray) -> SaliencyMap:  # type: ignore[type-arg]
    index = tuple(int(i) for i in np.unravel_index(values.argmax(), values.shape))
    return SaliencyMap(
        scan_id, "Glioma", "gradcam", values, 2.5, index, 1.5, (1.5, 2.0, 2.0)[-values.ndim :], "c", "i", "m"
    )


def test_maps_come_back_and_dark_ones_take_no_bytes() -> None:
    lit = np.random.default_rng(0).random((3, 8, 8), dtype=np.float32)
    maps = [[saliency("volume", lit), saliency("dark", np.zeros((500, 400), np.float32))]]
    body = b"".join(bytes(part) for part in maps_to_parts(*pack_maps(maps)))
    assert len(body) < 2 * lit.size + 2000
    ((volume, dark),) = maps_from_bytes(body)
    assert dark.is_dark and dark.values.shape == (500, 400)
    assert (volume.peak, volume.scale, volume.cell) == (maps[0][0].peak, 2.5, (1.5, 2.0, 2.0))
    assert np.abs(volume.values - lit).max() < 8e-6
    assert set(safetensors.numpy.load(body)) == {"0"}
    for damaged in (body[:-1], b"", safetensors.numpy.save({"0": lit})):
        with pytest.raises(ProtocolError):
            maps_from_bytes(damaged)


@pytest.mark.parametrize(
    "text", [b"", b"1", b"[]", b'{"a": Infinity}', b'{"a": -1e400}', b"{" * 99999, b"\xff", b'{"a": 1} x']
)
def test_json_is_strict(text: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_object(text)


def test_json_keeps_numbers_and_text() -> None:
    data = {"a": 0.1 + 0.2, "b": -0.0, "c": 2**53 + 1, "d": "é\ud800", "e": [None, True, 1e-300]}
    assert read_object(write_object(data)) == data
    assert str(read_object(write_object(data))["b"]) == "-0.0"
