"""Pooling of predictions against its closed form."""

from __future__ import annotations

import torch

from raddiag_engine.network.pooling import pool_predictions

LOGITS_BSK = torch.tensor([[[2.0, -1.0], [0.0, 3.0], [9.0, 9.0]], [[-4.0, 1.0], [9.0, 9.0], [9.0, 9.0]]])
MASK_BS = torch.tensor([[True, True, False], [True, False, False]])


def test_max_is_the_largest_probability_of_a_real_scan() -> None:
    pooled_BK = pool_predictions(LOGITS_BSK, MASK_BS, "max").sigmoid()
    torch.testing.assert_close(pooled_BK, torch.tensor([[2.0, 3.0], [-4.0, 1.0]]).sigmoid())


def test_mean_is_the_mean_probability_of_the_real_scans() -> None:
    pooled_BK = pool_predictions(LOGITS_BSK, MASK_BS, "mean").sigmoid()
    first_K = (LOGITS_BSK[0, 0].sigmoid() + LOGITS_BSK[0, 1].sigmoid()) / 2
    torch.testing.assert_close(pooled_BK, torch.stack([first_K, LOGITS_BSK[1, 0].sigmoid()]))


def test_the_mean_of_extreme_logits_stays_finite_and_has_gradients() -> None:
    logits_BSK = torch.tensor([[[200.0], [200.0], [0.0]]], requires_grad=True)
    pooled_BK = pool_predictions(logits_BSK, torch.tensor([[True, True, False]]), "mean")
    pooled_BK.sum().backward()
    torch.testing.assert_close(pooled_BK, torch.tensor([[200.0]]))
    assert logits_BSK.grad is not None and logits_BSK.grad.isfinite().all()


def test_random_picks_every_real_scan_and_no_other() -> None:
    torch.manual_seed(0)
    picks = {pool_predictions(LOGITS_BSK, MASK_BS, "random")[0, 0].item() for _ in range(50)}
    assert picks == {2.0, 0.0}


def test_a_seed_repeats_a_random_pick() -> None:
    mask_BS = torch.ones(1, 100, dtype=torch.bool)
    logits_BSK = torch.arange(100.0).reshape(1, 100, 1)
    draws = []
    for _ in range(2):
        torch.manual_seed(3)
        draws.append([pool_predictions(logits_BSK, mask_BS, "random").item() for _ in range(5)])
    assert draws[0] == draws[1] and len(set(draws[0])) > 1
