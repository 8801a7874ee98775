"""Batched augmentation, with MONAI's transforms on single images as the oracle."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from raddiag_engine.configuration import from_mapping, to_mapping
from raddiag_engine.network.config import NetworkConfig, SliceAttentionConfig
from raddiag_engine.network.packing import NetworkScan, PackedBatch, pack
from raddiag_train.data.augmentation import as_float, augment
from raddiag_train.data.augmentation_config import AugmentationConfig
from raddiag_train.data.erasing import borders, corners, rectangles
from raddiag_train.data.geometric_augmentation import (
    affine_matrices,
    elastic_displacement,
    elastic_grid,
    resample,
    sampling_grid,
)
from tests.train.data.made_up_images import smooth_picture

OFF = AugmentationConfig(affine_probability=0, elastic_probability=0, noise_probability=0, contrast_probability=0)


def picture(seed: int, size_px: int = 64) -> Tensor:
    return torch.from_numpy(np.array(smooth_picture(seed, size_px)))


def images(count: int, size_px: int = 64) -> PackedBatch:
    return pack([[NetworkScan(picture(n, size_px), False, 1)] for n in range(count)], NetworkConfig())


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def only(batch: PackedBatch) -> Tensor:
    [group] = batch.groups
    return group.voxels


@pytest.mark.parametrize("shape", [(48, 48), (40, 56)])
def test_affine_equals_monai_s_at_batch_one(shape: tuple[int, int]) -> None:
    from monai.transforms import Affine

    voxels = torch.rand(3, 1, *shape, generator=generator())
    rotation = torch.tensor([0.2, -0.1, 0.0])
    # One shear each: MONAI before 1.6 composes two in another way.
    shear = torch.tensor([[0.1, 0.0], [0.0, 0.2], [0.0, 0.0]])
    translation = torch.tensor([[3.0, -2.0], [0.5, 4.0], [2.0, 0.0]])
    scale = torch.tensor([[1.1, 0.9], [0.95, 1.0], [1.0, 1.0]])
    ours = resample(voxels, sampling_grid(affine_matrices(rotation, shear, translation, scale), *shape))
    for n in range(3):
        monai = Affine(
            rotate_params=float(rotation[n]),
            shear_params=shear[n].tolist(),
            translate_params=translation[n].tolist(),
            scale_params=scale[n].tolist(),
            padding_mode="zeros",
            mode="bilinear",
            image_only=True,
        )
        torch.testing.assert_close(ours[n], monai(voxels[n]).as_tensor(), atol=2e-5, rtol=0)


def test_a_quarter_turn_and_a_shift_land_on_the_pixel() -> None:
    voxels = torch.rand(1, 1, 9, 9, generator=generator())
    none = torch.zeros(1, 2)
    turn = affine_matrices(torch.tensor([math.pi / 2]), none, none, torch.ones(1, 2))
    turned = resample(voxels, sampling_grid(turn, 9, 9))
    torch.testing.assert_close(turned[0, 0], torch.rot90(voxels[0, 0], -1), atol=1e-5, rtol=0)
    shift = affine_matrices(torch.zeros(1), none, torch.tensor([[2.0, 0.0]]), torch.ones(1, 2))
    shifted = resample(voxels, sampling_grid(shift, 9, 9))
    torch.testing.assert_close(shifted[0, 0, :7], voxels[0, 0, 2:], atol=1e-5, rtol=0)
    assert shifted[0, 0, 7:].abs().max() < 1e-5


def test_shear_keeps_the_area() -> None:
    none = torch.zeros(1, 2)
    matrix = affine_matrices(torch.zeros(1), torch.tensor([[0.2, -0.15]]), none, torch.ones(1, 2))[0, :, :2]
    assert float(torch.linalg.det(matrix)) == pytest.approx(1.0)


@pytest.mark.parametrize("low, high", [(0.0, 1.0), (0.2, 0.6)])
def test_contrast_equals_monai_s(low: float, high: float) -> None:
    from monai.transforms import AdjustContrast

    batch = images(3)
    voxels = only(as_float(batch)) * (high - low) + low
    batch = replace(batch, groups=(replace(batch.groups[0], voxels=voxels),))
    ours = only(augment(batch, replace(OFF, contrast_probability=1.0, gamma=(0.7, 0.7)), generator()))
    for n in range(3):
        monai = AdjustContrast(gamma=0.7)(voxels[n])
        torch.testing.assert_close(ours[n], torch.as_tensor(np.asarray(monai)), atol=1e-5, rtol=0)


def test_contrast_is_that_of_the_whole_scan_and_leaves_a_constant_one_alone() -> None:
    network = NetworkConfig(encoder="slice_attention", slice_attention=SliceAttentionConfig(max_slices=8))
    stack = torch.stack([torch.full((8, 8), value / 10) for value in (2.0, 4.0, 6.0)])
    batch = pack([[NetworkScan(stack, True, 1)], [NetworkScan(torch.full((8, 8), 0.5), False, 1)]], network)
    changed = only(augment(batch, replace(OFF, contrast_probability=1.0, gamma=(2.0, 2.0)), generator()))
    assert changed[:, 0, 0, 0].tolist() == pytest.approx([0.2, 0.3, 0.6, 0.5])


@pytest.mark.parametrize("shape", [(40, 40), (36, 48)])
def test_elastic_equals_monai_s_of_a_volume_deformed_alike_in_every_slice(shape: tuple[int, int]) -> None:
    from monai.transforms import AffineGrid, Rand3DElastic

    slices, sigma, magnitude, scale = 17, 2.0, 12.0, torch.tensor([[1.08, 0.93]])
    voxels = torch.from_numpy(np.array(smooth_picture(3, 64)))[: shape[0], : shape[1]].float() / 255
    noise = torch.rand(1, 2, *shape, generator=generator()) * 2 - 1
    displacement = elastic_displacement(noise, [sigma], torch.tensor([magnitude]))
    none = affine_matrices(torch.zeros(1), torch.zeros(1, 2), torch.zeros(1, 2), torch.ones(1, 2))
    ours = resample(voxels[None, None], elastic_grid(none, displacement, scale))[0, 0]

    elastic = Rand3DElastic(sigma_range=(2, 2), magnitude_range=(10, 10), prob=1.0, padding_mode="border")
    # Its offsets are along rows, columns and slices; noise of ours is along x and y.
    offsets = np.zeros((3, *shape, slices), dtype=np.float32)
    offsets[0], offsets[1] = noise[0, 1, ..., None], noise[0, 0, ..., None]
    elastic.rand_offset, elastic.sigma, elastic.magnitude, elastic._do_transform = offsets, sigma, magnitude, True
    elastic.rand_affine_grid = lambda grid: AffineGrid(scale_params=(*scale[0].tolist(), 1.0))(grid=grid)[0]
    monai = elastic(voxels[None, ..., None].repeat(1, 1, 1, slices), randomize=False)
    theirs = torch.as_tensor(np.asarray(monai))[0, ..., slices // 2]
    moved = (ours - voxels).abs().mean()
    # MONAI integrates the Gaussian over a pixel, ours samples it; both cut it at three standard deviations.
    assert moved > 0.01
    torch.testing.assert_close(ours, theirs, atol=2e-2, rtol=0)
    assert (ours - theirs).abs().mean() < 0.05 * moved


def test_affine_then_elastic_in_one_resampling_equals_monai_s_in_two() -> None:
    from monai.transforms import Affine

    voxels = torch.from_numpy(np.array(smooth_picture(5, 96))).float()[None, None] / 255
    noise = torch.rand(1, 2, 96, 96, generator=generator()) * 2 - 1
    displacement = elastic_displacement(noise, [4.0], torch.tensor([20.0]))
    matrices = affine_matrices(
        torch.tensor([0.2]), torch.tensor([[0.1, 0.0]]), torch.tensor([[4.0, -3.0]]), torch.tensor([[1.05, 0.95]])
    )
    scale = torch.tensor([[0.95, 1.06]])
    ours = resample(voxels, elastic_grid(matrices, displacement, scale))
    first = Affine(
        rotate_params=0.2,
        shear_params=[0.1, 0.0],
        translate_params=[4.0, -3.0],
        scale_params=[1.05, 0.95],
        padding_mode="zeros",
        image_only=True,
    )(voxels[0])
    none = affine_matrices(torch.zeros(1), torch.zeros(1, 2), torch.zeros(1, 2), torch.ones(1, 2))
    second = resample(torch.as_tensor(np.asarray(first))[None], elastic_grid(none, displacement, scale))
    inside = (slice(None), slice(None), slice(8, -8), slice(8, -8))
    assert (ours - second)[inside].abs().mean() < 0.01 < (ours - voxels)[inside].abs().mean()


def test_noise_has_the_spread_of_monai_s() -> None:
    from monai.transforms import RandGaussianNoise

    grey = torch.full((32, 32), 128, dtype=torch.uint8)
    batch = pack([[NetworkScan(grey, False, 0)] for _ in range(300)], NetworkConfig())
    ours = (only(augment(batch, replace(OFF, noise_probability=1.0), generator())) - 128 / 255).flatten(1).std(1)
    transform = RandGaussianNoise(prob=1.0, std=0.07)
    transform.set_random_state(0)
    theirs = torch.stack([transform(torch.zeros(1, 32, 32)).std() for _ in range(300)])
    for share in (0.1, 0.5, 0.9):
        assert float(ours.quantile(share)) == pytest.approx(float(theirs.quantile(share)), abs=0.008)


def test_elastic_displacement_is_a_gaussian_blur_of_the_noise() -> None:
    from scipy.ndimage import gaussian_filter

    noise = torch.rand(2, 2, 40, 30, generator=generator()) * 2 - 1
    grid = elastic_displacement(noise, [2.0, 3.0], torch.tensor([10.0, 5.0]))
    for n, (sigma, magnitude) in enumerate([(2.0, 10.0), (3.0, 5.0)]):
        for axis, size_px in ((0, 30), (1, 40)):
            blurred = gaussian_filter(noise[n, axis].numpy(), sigma, mode="constant", radius=math.ceil(3 * sigma))
            expected = torch.from_numpy(blurred) * magnitude * 2 / size_px
            inside = (slice(10, -10), slice(10, -10))
            torch.testing.assert_close(grid[n, ..., axis][inside], expected[inside], atol=1e-5, rtol=1e-4)


def test_nothing_switched_on_changes_nothing() -> None:
    batch = images(3)
    torch.testing.assert_close(only(augment(batch, OFF, generator())), only(batch).float() / 255)
    assert only(batch).dtype == torch.uint8


def test_a_flip_alone_mirrors_left_and_right() -> None:
    batch = images(3)
    flipped = only(augment(batch, replace(OFF, flip_probability=1.0), generator()))
    torch.testing.assert_close(flipped, only(as_float(batch)).flip(-1), atol=1e-4, rtol=0)


def test_all_scans_of_a_case_are_flipped_alike() -> None:
    cases = [
        [NetworkScan(picture(n), False, 1), NetworkScan(picture(n)[None].repeat(4, 1, 1), True, 2)] for n in range(16)
    ]
    batch = pack(cases, NetworkConfig())
    before = as_float(batch)
    after = augment(batch, replace(OFF, flip_probability=0.5), generator(1))
    moved = [
        (a.voxels - b.voxels).abs().flatten(1).amax(1) > 0.05 for a, b in zip(after.groups, before.groups, strict=True)
    ]
    assert torch.equal(moved[0], moved[1])
    assert 0 < int(moved[0].sum()) < 16


FULL = AugmentationConfig(
    affine_probability=0.5,
    elastic_probability=0.5,
    flip_probability=0.5,
    noise_probability=0.0,
    contrast_probability=0.5,
    intensity_probability=0.5,
    erase_probability=0.5,
    border_probability=0.5,
    corner_probability=0.5,
)


def test_the_slices_of_a_volume_are_changed_alike() -> None:
    batch = pack([[NetworkScan(picture(n)[None].repeat(5, 1, 1), True, 1)] for n in range(6)], NetworkConfig())
    changed = only(augment(batch, FULL, generator(2)))
    assert changed.shape == (6, 1, 5, 64, 64)
    torch.testing.assert_close(changed, changed[:, :, :1].expand_as(changed))
    assert (changed - only(as_float(batch))).abs().max() > 0.1


def test_the_slices_of_a_stack_are_changed_alike() -> None:
    network = NetworkConfig(encoder="slice_attention", slice_attention=SliceAttentionConfig(max_slices=8))
    # Slices that differ by a constant stay apart through packing and stay parallel under a deformation.
    stack = torch.stack([picture(0) // 2 + 20 * n for n in range(4)])
    batch = pack([[NetworkScan(stack, True, 1)], [NetworkScan(picture(1), False, 1)]], network)
    affine = replace(OFF, affine_probability=1.0, scale=0.0, shear=0.0, translation_px=0.0)
    changed = only(augment(batch, affine, generator(3)))
    steps = changed[1:4, 0, 24:40, 24:40] - changed[0:3, 0, 24:40, 24:40]
    torch.testing.assert_close(steps, torch.full_like(steps, 20 / 255), atol=1e-4, rtol=0)


def test_the_generator_alone_decides_what_happens() -> None:
    config = replace(FULL, noise_probability=0.5)
    state = generator(5)
    first = [only(augment(images(8), config, state)) for _ in range(2)]
    again = generator(5)
    assert torch.equal(only(augment(images(8), config, again)), first[0])
    resumed = torch.Generator()
    resumed.set_state(again.get_state())
    assert torch.equal(only(augment(images(8), config, resumed)), first[1])
    assert not torch.equal(first[0], first[1])


def test_each_part_happens_as_often_as_it_is_told() -> None:
    batch = images(400, size_px=16)
    before = only(as_float(batch))
    for part in ("affine", "elastic", "contrast", "noise", "intensity", "erase", "border", "corner", "flip"):
        config = from_mapping(AugmentationConfig, {**to_mapping(OFF), f"{part}_probability": 0.3})
        after = only(augment(batch, config, generator(11)))
        changed = int(((after - before).abs().flatten(1).amax(1) > 1e-4).sum())
        # A corner is painted with even odds each: one chosen in 16 gets none.
        share = 0.3 * (15 / 16 if part == "corner" else 1.0)
        assert abs(changed - 400 * share) < 4 * math.sqrt(400 * share * (1 - share)), part
        assert after.min() >= 0 and after.max() <= 1


def test_noise_has_at_most_the_standard_deviation_told() -> None:
    grey = torch.full((64, 64), 128, dtype=torch.uint8)
    batch = pack([[NetworkScan(grey, False, 0)] for _ in range(50)], NetworkConfig())
    noise = only(augment(batch, replace(OFF, noise_probability=1.0), generator())) - 128 / 255
    std = noise.flatten(1).std(1)
    assert 0.05 < std.max() < 0.0725
    assert std.min() < 0.02


def test_painted_areas_cover_what_they_say() -> None:
    box = rectangles(torch.tensor([[0.25, 0.5, 0.0, 0.75]]), 8, 8)[0]
    assert box[2:4, :6].all() and int(box.sum()) == 12
    frame = borders(torch.tensor([[0.25, 0.0, 0.125, 0.0]]), 8, 8)[0]
    assert frame[:2].all() and frame[:, 0].all() and int(frame.sum()) == 16 + 6
    sizes = torch.tensor([[[0.25, 0.5], [0, 0], [0, 0], [0.125, 0.125]]])
    corner = corners(sizes, 8, 8)[0]
    assert corner[:2, :4].all() and bool(corner[7, 7]) and int(corner.sum()) == 9
