"""Schedule, average, loss and dropped scans against their closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from raddiag_engine.network.config import FusionConfig, NetworkConfig, ResNetConfig
from raddiag_train.data.case_labels import CaseLabels
from raddiag_train.training.ema import ExponentialMovingAverage
from raddiag_train.training.frozen_norms import freeze_norms
from raddiag_train.training.initialisation import build_network, build_optimiser, sampled_log_odds
from raddiag_train.training.losses import binary_cross_entropy
from raddiag_train.training.optimisation_config import OptimisationConfig
from raddiag_train.training.random_state import seed_step
from raddiag_train.training.scan_dropout import drop_scans
from raddiag_train.training.schedule import learning_rate_factor


def test_learning_rate_rises_linearly_then_follows_half_a_cosine() -> None:
    assert [learning_rate_factor(step, 100, 4) for step in range(4)] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert learning_rate_factor(4, 100, 4) == 1.0
    assert learning_rate_factor(52, 100, 4) == pytest.approx(0.5)
    assert learning_rate_factor(99, 100, 4) == pytest.approx(0.5 * (1 + math.cos(math.pi * 95 / 96)))


def test_average_follows_the_recursion_with_warm_up_and_leaves_the_weights_alone() -> None:
    layer = nn.Linear(1, 1, bias=False)
    ema = ExponentialMovingAverage(layer, 0.5)
    expected = layer.weight.item()
    for step, value in enumerate([1.0, -2.0, 4.0, 0.5, 3.0, 7.0, -1.0, 2.0, 5.0, 6.0]):
        nn.init.constant_(layer.weight, value)
        ema.update(step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
    assert ema.averages["weight"].item() == pytest.approx(expected, rel=1e-5)
    with ema.applied():
        assert layer.weight.item() == pytest.approx(expected, rel=1e-5)
    assert layer.weight.item() == 6.0


def test_average_covers_the_statistics_of_batch_norm() -> None:
    norm = nn.BatchNorm1d(2)
    assert {"running_mean", "running_var"} <= ExponentialMovingAverage(norm, 0.9).averages.keys()


def test_loss_is_summed_over_classes_averaged_over_cases_and_blind_to_the_unknown() -> None:
    logits = torch.tensor([[0.0, 2.0], [-1.0, 3.0]])
    targets = torch.tensor([[1.0, 0.0], [0.3, 1.0]])

    def term(logit: float, target: float) -> float:
        p = 1 / (1 + math.exp(-logit))
        return -target * math.log(p) - (1 - target) * math.log(1 - p)

    terms = [[term(0.0, 1.0), term(2.0, 0.0)], [term(-1.0, 0.3), term(3.0, 1.0)]]
    assert binary_cross_entropy(logits, targets).item() == pytest.approx(sum(map(sum, terms)) / 2, rel=1e-6)
    known = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    assert binary_cross_entropy(logits, targets, known).item() == pytest.approx(
        (terms[0][0] + terms[1][0] + terms[1][1]) / 2, rel=1e-6
    )


def test_prior_is_the_log_odds_of_the_cases_as_sampled() -> None:
    labels = CaseLabels.of([[0], [], []], 2)
    assert sampled_log_odds(labels, np.array([4.0, 1.0, 1.0])).tolist() == pytest.approx(
        [math.log(5 / 3), math.log(1 / 7)]
    )


def test_scans_are_left_out_as_often_as_asked_and_one_always_stays() -> None:
    mask = torch.ones(4000, 4, dtype=torch.bool)
    mask[:, 3] = False
    dropped = drop_scans(mask, 0.3, torch.Generator().manual_seed(0))
    assert not dropped[:, 3].any()
    assert dropped.any(1).all()
    # Of three scans, a share of 0.3 goes, but for the one that stays where all three would go.
    expected = 3 * 0.7 + 0.3**3
    assert dropped.sum(1).float().mean().item() == pytest.approx(expected, abs=0.05)
    assert torch.equal(drop_scans(mask, 0.0, torch.Generator()), mask)


def test_draws_of_a_step_depend_on_seed_and_step_alone() -> None:
    first = (seed_step(3, 7).initial_seed(), torch.rand(2).tolist())
    torch.rand(5)
    assert (seed_step(3, 7).initial_seed(), torch.rand(2).tolist()) == first
    assert seed_step(3, 8).initial_seed() != first[0]
    assert seed_step(4, 7).initial_seed() != first[0]


@pytest.mark.parametrize("fusion", ["transformer", "max"])
def test_every_parameter_is_in_one_group_with_its_decay_and_its_learning_rate(fusion: str) -> None:
    narrow = ResNetConfig(normalisation_depth=10, shared_depth=10, normalisation_width=4, shared_width=4)
    config = NetworkConfig(embedding_width=32, resnet=narrow, fusion=FusionConfig(kind=fusion, layers=1, heads=2))
    network = build_network(config, 3, torch.device("cpu"))
    optimiser = build_optimiser(network, OptimisationConfig(weight_decay=0.1, fusion_learning_rate_factor=0.3))
    groups = {id(p): group for group in optimiser.param_groups for p in group["params"]}
    assert sum(len(group["params"]) for group in optimiser.param_groups) == len(groups)
    for name, parameter in network.named_parameters():
        group = groups[id(parameter)]
        assert group["weight_decay"] == (0.1 if parameter.ndim > 1 else 0.0), name
        assert group["factor"] == (0.3 if name.startswith("fusion.") else 1.0), name


def test_frozen_norms_neither_use_nor_update_the_statistics_of_the_batch() -> None:
    norm = nn.Sequential(nn.BatchNorm1d(1)).train()
    freeze_norms(norm)
    assert norm(torch.full((4, 1), 5.0)).mean().item() == pytest.approx(5.0, rel=1e-4)
    assert norm[0].running_mean.item() == 0.0
    assert norm[0].weight.requires_grad
