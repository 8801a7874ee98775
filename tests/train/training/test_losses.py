"""The losses against their published formulas, written out case by case."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from raddiag_engine.network.config import NetworkConfig, SliceAttentionConfig
from raddiag_engine.network.packing import NetworkScan, pack
from raddiag_train.training.asymmetric_loss import asymmetric_terms
from raddiag_train.training.key_slice_loss import divergence_from_key_slice, key_slice_loss
from raddiag_train.training.logit_adjustment import adjusted_logits
from raddiag_train.training.loss_config import LossConfig
from raddiag_train.training.losses import binary_cross_entropy, cross_entropy_terms, label_loss

LOGITS = torch.tensor([[-6.0, -1.0, 0.3], [2.0, 5.0, -2.5]])
TARGETS = torch.tensor([[0.0, 1.0, 0.25], [1.0, 0.0, 0.0]])


def published(logit: float, target: float, negative: float, positive: float, margin: float) -> float:
    """Equations 4 to 7 of Ridnik et al. 2021, one logit."""
    p = 1 / (1 + math.exp(-logit))
    shifted = max(p - margin, 0)
    loss_positive = (1 - p) ** positive * math.log(p)
    loss_negative = shifted**negative * math.log(1 - shifted)
    return -target * loss_positive - (1 - target) * loss_negative


@pytest.mark.parametrize("negative, positive, margin", [(4, 0, 0.05), (4, 1, 0.05), (2, 1, 0), (0, 0, 0.2)])
def test_the_asymmetric_loss_is_the_published_one(negative: float, positive: float, margin: float) -> None:
    found = asymmetric_terms(LOGITS, TARGETS, negative, positive, margin)
    expected = [
        [published(z, y, negative, positive, margin) for z, y in zip(*rows, strict=True)]
        for rows in zip(LOGITS.tolist(), TARGETS.tolist(), strict=True)
    ]
    torch.testing.assert_close(found, torch.tensor(expected), atol=1e-6, rtol=1e-5)


def test_without_focus_and_margin_it_is_cross_entropy() -> None:
    torch.testing.assert_close(asymmetric_terms(LOGITS, TARGETS, 0, 0, 0), cross_entropy_terms(LOGITS, TARGETS))


def test_focusing_factors_have_no_gradient_of_their_own() -> None:
    logits = LOGITS.clone().requires_grad_()
    asymmetric_terms(logits, torch.ones_like(LOGITS), 4, 1, 0.05).sum().backward()
    p = torch.sigmoid(LOGITS)
    torch.testing.assert_close(logits.grad, -(1 - p) * (1 - p))  # factor (1 - p), times the slope of -log p


def test_extreme_logits_stay_finite() -> None:
    logits = torch.tensor([[-200.0, 200.0]], requires_grad=True)
    for targets in (torch.zeros(1, 2), torch.ones(1, 2)):
        loss = asymmetric_terms(logits, targets, 4, 1, 0.05).sum()
        loss.backward()
        assert loss.isfinite() and logits.grad is not None and logits.grad.isfinite().all()


def test_adjustment_shifts_each_logit_by_the_log_odds_of_its_base_rate() -> None:
    rates = torch.tensor([0.5, 0.1, 0.001])
    log_odds = torch.log(rates / (1 - rates))
    loss = label_loss(LossConfig(logit_adjustment=1.0), log_odds, 3)
    assert loss(LOGITS, TARGETS).item() == pytest.approx(binary_cross_entropy(LOGITS + log_odds, TARGETS).item())
    # Where the network knows nothing beyond the base rate, the adjusted classifier is as often right as wrong: 0.
    logits = torch.zeros(1, 3, requires_grad=True)
    label_loss(LossConfig(logit_adjustment=1.0), log_odds, 3)(logits, rates[None]).backward()
    assert logits.grad is not None
    torch.testing.assert_close(logits.grad, torch.zeros(1, 3), atol=1e-7, rtol=0)
    assert torch.equal(adjusted_logits(LOGITS, log_odds, 0.0), LOGITS)


def test_ancestors_count_for_their_weight_and_the_unknown_for_nothing() -> None:
    loss = label_loss(LossConfig(ancestor_weight=0.25), torch.zeros(3), 2)
    terms = cross_entropy_terms(LOGITS, TARGETS)
    known = torch.tensor([[1.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    expected = terms[0, 0] + 0.25 * terms[0, 2] + terms[1, 0] + terms[1, 1] + 0.25 * terms[1, 2]
    assert loss(LOGITS, TARGETS, known).item() == pytest.approx(expected.item() / 2)


def scores_of(*rows: list[float]) -> Tensor:
    longest = max(map(len, rows))
    return torch.tensor([row + [-math.inf] * (longest - len(row)) for row in rows])


def test_attention_is_drawn_to_a_gaussian_around_the_key_slice_cut_at_the_depth() -> None:
    scores = scores_of([0.1, -0.3, 0.2, 0.0, 0.5, 1.0], [0.4, 0.0, -0.2])
    found = divergence_from_key_slice(scores, torch.tensor([1, 2]))
    for row, (depth, key) in enumerate(((6, 1), (3, 2))):
        p = np.exp(scores[row, :depth].double().numpy())
        q = np.exp(-((np.arange(depth) - key) ** 2) / (2 * (depth / 16) ** 2))
        p, q = p / p.sum(), q / q.sum()
        expected = (p * np.log(p / q)).sum() + (q * np.log(q / p)).sum()
        assert found[row].item() == pytest.approx(expected, rel=1e-4)


def test_attention_that_is_the_gaussian_costs_nothing_and_the_gradient_is_finite() -> None:
    depth, key = 32, 9
    wanted = -((torch.arange(depth) - key) ** 2) / (2 * (depth / 16) ** 2)
    scores = torch.stack([wanted + 3.0, torch.zeros(depth)])
    scores[1, 20:] = -math.inf
    scores.requires_grad_()
    found = divergence_from_key_slice(scores, torch.tensor([key, 0]))
    assert found[0].item() == pytest.approx(0, abs=1e-5)
    found.sum().backward()
    assert scores.grad is not None and scores.grad.isfinite().all()


def test_only_scans_in_use_with_a_key_slice_count() -> None:
    network = NetworkConfig(encoder="slice_attention", slice_attention=SliceAttentionConfig(max_slices=4))
    generator = torch.Generator().manual_seed(0)
    volumes = [NetworkScan(torch.rand(4, 8, 8, generator=generator), True, 1) for _ in range(3)]
    batch = pack([volumes[:2], volumes[2:]], network)
    batch.mask_BS[0, 1] = False
    scores = torch.rand(3, 4, generator=generator)
    keys = torch.tensor([-1, 0, 3])
    expected = divergence_from_key_slice(scores[2:], keys[2:])[0]
    assert key_slice_loss([scores], batch, [keys]).item() == pytest.approx(expected.item())
    assert key_slice_loss([scores], batch, [torch.full((3,), -1)]).item() == 0.0
