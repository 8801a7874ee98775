"""Equation 4 with the positive in the denominator, against its own words; negatives of equation 4 are N at most."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from raddiag_train.knowledge.contrastive import contrastive_loss, sampled_negatives


def vectors(rows: int, seed: int) -> torch.Tensor:
    return functional.normalize(torch.randn(rows, 5, generator=torch.Generator().manual_seed(seed)), dim=1)


@pytest.mark.parametrize("temperature", [0.05, 1.0])
def test_the_loss_is_that_of_the_equation(temperature: float) -> None:
    terms, texts = vectors(3, 0), vectors(7, 1)
    negative = torch.rand(3, 7, generator=torch.Generator().manual_seed(2)) < 0.5
    negative[torch.arange(3), torch.arange(3)] = False
    losses = []
    for b in range(3):
        near = math.exp(float(terms[b] @ texts[b]) / temperature)
        far = sum(math.exp(float(terms[b] @ texts[c]) / temperature) for c in range(7) if negative[b, c])
        losses.append(-math.log(near / (near + far)))
    assert float(contrastive_loss(terms, texts, negative, temperature)) == pytest.approx(sum(losses) / 3, rel=1e-5)


def test_it_has_a_bound_that_the_printed_equation_lacks() -> None:
    terms = torch.eye(2)
    texts = torch.cat([torch.eye(2), -torch.eye(2)])
    negative = torch.tensor([[False, False, True, False], [False, False, False, True]])
    assert 0 <= float(contrastive_loss(terms, texts, negative, 0.01)) < 1e-6
    assert float(contrastive_loss(terms, texts, torch.zeros(2, 4, dtype=torch.bool), 0.05)) == 0


def test_at_most_n_negatives_and_the_hard_ones_first() -> None:
    generator = torch.Generator().manual_seed(0)
    allowed = torch.ones(4, 20, dtype=torch.bool)
    allowed[:, :4] = False
    allowed[3, 4:18] = False
    own = torch.zeros_like(allowed)
    own[0, 10:12] = True
    chosen = sampled_negatives(allowed, own, 5, generator)
    assert chosen.sum(1).tolist() == [5, 5, 5, 2]
    assert not (chosen & ~allowed).any()
    assert chosen[0, 10:12].all()
    others = {tuple(sampled_negatives(allowed, own, 5, generator)[1].tolist()) for _ in range(20)}
    assert len(others) > 10
    assert torch.equal(sampled_negatives(allowed, own, 0, generator), allowed)
