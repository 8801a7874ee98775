"""A case prepared as a card prescribes, and maps carried back to each scan's own voxels."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raddiag_engine.cases import Anatomy, Modality, Scan, Window
from raddiag_engine.configuration import from_mapping
from raddiag_engine.errors import ConfigError
from raddiag_engine.preparation import PreparationConfig, prepare_case, prepare_scan

DepthRule = Literal["resample", "subsample"]
SMALL = PreparationConfig(image_size_px=32, volume_size_px=24, depth=8, quantise_8bit=False)
RELEASE = PreparationConfig(
    image_size_px=16,
    volume_size_px=16,
    depth=32,
    depth_rule="subsample",
    image_slices=3,
    windowing="stored",
    quantise_8bit=True,
    range_over="case",
    mask_padding=False,
    antialias=False,
    modality_ids={"CT": (1, 2, 3), "MRI": (4, 5, 6), "X-ray": (7, 8), "unknown": (0,)},
)
RANDOM = np.random.default_rng(0)


def scan_of(name: str, shape: tuple[int, ...], kind: str = "volume", **properties: object) -> Scan:
    voxels = RANDOM.integers(20, 200, shape, dtype=np.uint8)
    return Scan(name, kind, voxels, units="8-bit", **properties)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"depth": 0}, "depth is 0"),
        ({"image_size_px": -1}, "image_size_px is -1"),
        ({"modality_ids": {"CT": [1]}}, "'unknown'"),
        ({"modality_ids": {"unknown": [0], "CT": []}}, "'CT'"),
        ({"modality_ids": {"unknown": [-1]}}, "'unknown'"),
    ],
)
def test_a_preparation_that_prepares_nothing_is_refused(data: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        from_mapping(PreparationConfig, data)


def test_shapes_by_kind_of_scan() -> None:
    volume, image, cine = prepare_case(
        [scan_of("v", (30, 50, 40)), scan_of("i", (50, 40), "image"), scan_of("c", (9, 50, 40), "cine")], SMALL
    )
    assert volume.voxels.shape == (8, 24, 24) and volume.is_volume
    assert image.voxels.shape == (32, 32) and not image.is_volume and image.slices == (0,)
    assert cine.voxels.shape == (32, 32) and not cine.is_volume and cine.slices == (4,)
    assert all(p.voxels.dtype == np.float32 and p.voxels.flags.c_contiguous for p in (volume, image, cine))


def test_a_released_model_gets_an_image_as_three_equal_slices_and_few_slices_as_they_are() -> None:
    image, volume = prepare_case([scan_of("i", (50, 40), "image"), scan_of("v", (5, 16, 16))], RELEASE)
    assert image.voxels.shape == (3, 16, 16) and not image.is_volume and image.slices == (0, 0, 0)
    np.testing.assert_array_equal(image.voxels[0], image.voxels[2])
    assert volume.voxels.shape == (5, 16, 16) and volume.slices == (0, 1, 2, 3, 4)


def test_the_range_of_a_released_case_counts_the_zeros_it_would_be_padded_with() -> None:
    scans = [scan_of(str(i), (32, 16, 16)) for i in range(4)]
    values = np.stack([scan.voxels for scan in scans]).astype(float)
    full = np.stack([p.voxels for p in prepare_case(scans, RELEASE)])
    np.testing.assert_allclose(full, (values - values.min()) / (values.max() - values.min()), atol=1e-5)
    fewer_scans = np.stack([p.voxels for p in prepare_case(scans[:3], RELEASE)])
    np.testing.assert_allclose(fewer_scans, values[:3] / values[:3].max(), atol=1e-5)
    shallow = prepare_case([*scans[:3], scan_of("s", (31, 16, 16))], RELEASE)
    assert min(p.voxels.min() for p in shallow) > 0


def test_the_nth_scan_of_a_modality_takes_the_nth_id_and_the_last_serves_the_rest() -> None:
    modalities = [Modality.CT, Modality.XRAY, Modality.CT, Modality.XRAY, Modality.XRAY, Modality.CT, Modality.CT]
    scans = [scan_of(str(i), (4, 16, 16), modality=m) for i, m in enumerate([*modalities, Modality.DSA])]
    assert [p.modality_id for p in prepare_case(scans, RELEASE)] == [1, 7, 2, 8, 8, 3, 3, 0]
    assert prepare_scan(scans[0], RELEASE, modality_id=6).modality_id == 6


def test_a_window_chosen_for_one_scan_changes_that_scan_only() -> None:
    scans = [
        Scan(name, "image", RANDOM.normal(0, 300, (40, 40)), modality=Modality.CT, anatomy=Anatomy.CHEST, units="HU")
        for name in "ab"
    ]
    default = prepare_case(scans, SMALL)
    chosen = prepare_case(scans, SMALL, windows={"b": Window(40, 400, name="mediastinum")})
    assert chosen[0].hash == default[0].hash
    assert chosen[1].hash != default[1].hash and chosen[1].plan.window_source == "chosen"


def test_the_hash_is_of_what_the_network_sees_and_not_of_the_modality() -> None:
    image = scan_of("i", (32, 32), "image")
    prepared = prepare_scan(image, SMALL)
    assert prepare_scan(replace(image, id="other", modality=Modality.XRAY), SMALL).hash == prepared.hash
    changed = image.voxels.copy()
    changed[3, 3] += 1
    assert prepare_scan(replace(image, voxels=changed), SMALL).hash != prepared.hash
    as_volume = prepare_scan(scan_of("v", (1, 32, 32)), replace(SMALL, volume_size_px=32, depth_rule="subsample"))
    assert replace(as_volume, voxels=prepared.voxels[None]).hash != prepared.hash


@pytest.mark.parametrize("depth_rule", ["resample", "subsample"])
def test_index_ramps_map_back_within_half_a_cell(depth_rule: DepthRule) -> None:
    shape = (40, 61, 47)
    config = replace(SMALL, depth_rule=depth_rule, antialias=False)
    reversed_axes = np.array([[0, 0, 1, 0], [0, 1, 0, 0], [-1, 0, 0, 0], [0, 0, 0, 1.0]])
    for axis in range(3):
        ramp = np.broadcast_to(np.arange(shape[axis]).reshape([-1 if i == axis else 1 for i in range(3)]), shape)
        scan = Scan("a", "volume", ramp.astype(np.float32), reversed_axes)
        prepared = prepare_scan(scan, config, window=Window(shape[axis] / 2, shape[axis] + 2, "LINEAR_EXACT"))
        index = (prepared.restore(prepared.voxels) - 0.5) * (shape[axis] + 2) + shape[axis] / 2
        cell = shape[axis] / prepared.voxels.shape[axis]
        bound = cell if axis == 0 and depth_rule == "subsample" else cell / 2
        assert np.abs(index - ramp).max() <= bound + 1e-3


@settings(deadline=None, max_examples=40)
@given(
    shape=st.tuples(st.integers(1, 40), st.integers(2, 40), st.integers(2, 40)),
    depth_rule=st.sampled_from(["resample", "subsample"]),
    axes=st.permutations(range(3)),
    signs=st.tuples(*[st.sampled_from([1, -1])] * 3),
)
def test_restoring_is_linear_keeps_range_and_constants(
    shape: tuple[int, int, int], depth_rule: DepthRule, axes: list[int], signs: tuple[int, ...]
) -> None:
    affine = np.zeros((4, 4))
    affine[3, 3] = 1
    affine[axes, range(3)] = signs
    scan = Scan("a", "volume", np.ones(shape, dtype=np.uint8), affine, units="8-bit")
    prepared = prepare_scan(scan, replace(SMALL, depth_rule=depth_rule))
    first, second = RANDOM.random((2, *prepared.voxels.shape), dtype=np.float32)
    restored = prepared.restore(first)
    assert restored.shape == shape and restored.dtype == np.float32
    assert first.min() - 1e-5 <= restored.min() and restored.max() <= first.max() + 1e-5
    np.testing.assert_allclose(prepared.restore(2 * first - second), 2 * restored - prepared.restore(second), atol=1e-4)
    np.testing.assert_allclose(prepared.restore(np.ones_like(first)), np.ones(shape), rtol=1e-5)


def test_the_map_of_a_cine_loop_is_on_the_frame_used_and_zero_elsewhere() -> None:
    prepared = prepare_scan(scan_of("c", (9, 50, 40), "cine"), SMALL)
    restored = prepared.restore(np.ones((32, 32)))
    assert restored.shape == (9, 50, 40)
    np.testing.assert_allclose(restored[4], 1, rtol=1e-6)
    assert not restored[[0, 1, 2, 3, 5, 6, 7, 8]].any()


def test_the_map_of_an_image_of_three_slices_is_their_mean() -> None:
    prepared = prepare_scan(scan_of("i", (50, 40), "image"), RELEASE)
    restored = prepared.restore(np.arange(3.0).reshape(3, 1, 1) * np.ones((3, 16, 16)))
    np.testing.assert_allclose(restored, np.ones((50, 40)), rtol=1e-6)


def test_a_map_of_another_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="prepared grid"):
        prepare_scan(scan_of("i", (50, 40), "image"), SMALL).restore(np.zeros((8, 8)))


def test_a_large_volume_is_never_held_in_floating_point_as_a_whole() -> None:
    import tracemalloc

    scan = Scan("a", "volume", np.zeros((400, 256, 256), dtype=np.int16), units="HU", modality=Modality.CT)
    tracemalloc.start()
    prepare_scan(scan, SMALL, window=Window(40, 400))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < scan.voxels.nbytes


def test_what_the_network_saw_is_said_in_words() -> None:
    head = Scan(
        "a",
        "volume",
        np.zeros((412, 20, 20), dtype=np.int16),
        modality=Modality.CT,
        anatomy=Anatomy.HEAD_AND_NECK,
        units="HU",
    )
    said = prepare_scan(head, replace(SMALL, depth=32, volume_size_px=256)).plan.describe()
    assert said == "32 of 412 slices, 256 px, window 40/80 (preset brain)"
    assert (
        prepare_scan(scan_of("v", (5, 9, 9)), SMALL).plan.describe().startswith("8 slices interpolated from 5, 24 px")
    )
    assert prepare_scan(scan_of("c", (9, 9, 9), "cine"), SMALL).plan.describe().startswith("frame 5 of 9, 32 px")
    assert (
        prepare_scan(scan_of("i", (9, 9), "image"), SMALL).plan.describe() == "image, 32 px, window 127.5/255 (8-bit)"
    )


def test_the_card_s_preparation_can_be_read_without_torch() -> None:
    code = "import sys, raddiag_engine.preparation, raddiag_engine.models.card; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
