from __future__ import annotations

import pytest
import torch

from raddiag_train.evaluation.shortcuts import borders_alone, borders_and_corners_masked


@pytest.mark.parametrize("shape", [(2, 1, 40, 60), (1, 1, 3, 40, 60)], ids=["images", "volumes"])
def test_borders_alone_keep_a_tenth_on_each_side(shape: tuple[int, ...]) -> None:
    kept = borders_alone(torch.ones(shape))
    assert kept.shape == torch.Size(shape)
    assert float(kept[..., 4:36, 6:54].sum()) == 0
    per_slice = 40 * 60 - 32 * 48
    assert float(kept.sum()) == per_slice * torch.ones(shape).numel() / (40 * 60)


def test_masked_borders_and_corners_leave_the_middle_alone() -> None:
    voxels = torch.rand(1, 1, 40, 40) + 0.1
    masked = borders_and_corners_masked(voxels)
    assert torch.equal(masked[..., 8:32, 8:32], voxels[..., 8:32, 8:32])
    assert (
        float(masked[..., :8, :8].sum()) == float(masked[..., :2, :].sum()) == float(masked[..., 32:, 32:].sum()) == 0
    )
    assert float(masked[..., 3, 20]) > 0, "between the corners only the outermost margin is masked"
