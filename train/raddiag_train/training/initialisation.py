"""The network and the optimiser as they are before the first step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from raddiag_engine.errors import ConfigError
from raddiag_engine.network.config import NetworkConfig
from raddiag_engine.network.memory_format import to_channels_last
from raddiag_engine.network.model import RadDiag
from raddiag_train.data.case_labels import CaseLabels
from raddiag_train.training.config import OptimisationConfig
from raddiag_train.training.losses import prior_log_odds


def build_network(config: NetworkConfig, classes: int, device: torch.device) -> RadDiag:
    """A network with random weights, channels last.

    Raises:
        ConfigError: The head needs text embeddings, which a recipe cannot give.
    """
    if config.head.kind == "knowledge":
        raise ConfigError('network.head.kind: "knowledge" needs text embeddings, which a recipe lacks; use "linear"')
    network = RadDiag(replace(config, classes=classes)).to(device)
    to_channels_last(network, volumes=True)
    return network


@torch.no_grad()
def start_at_prior(network: RadDiag, log_odds_K: Tensor) -> None:
    """Set the bias of the last layer.

    Args:
        network: With a classifier that ends in a linear layer.
        log_odds_K: Of each class among the cases as they are sampled.
    """
    last = [module for module in network.head.modules() if isinstance(module, nn.Linear)][-1]
    last.bias.copy_(log_odds_K)


def sampled_log_odds(labels: CaseLabels, expected_N: NDArray[np.float64]) -> Tensor:
    """The log-odds of every class among the cases as they are sampled, (K,).

    Args:
        labels: Of the training cases.
        expected_N: How often each is seen in an epoch.
    """
    return prior_log_odds(torch.from_numpy(labels.positives(expected_N)), float(expected_N.sum()))


def build_optimiser(network: RadDiag, config: OptimisationConfig) -> torch.optim.AdamW:
    """AdamW; biases, norms and other vectors are not decayed.

    Each group has a `factor`, by which its learning rate differs from that of the recipe.
    """
    groups: list[dict[str, Any]] = []
    for fusion, factor in ((False, 1.0), (True, config.fusion_learning_rate_factor)):
        members = [p for name, p in network.named_parameters() if name.startswith("fusion.") is fusion]
        for decay, matrices in ((config.weight_decay, True), (0.0, False)):
            own = [p for p in members if p.requires_grad and (p.ndim >= 2) is matrices]
            groups.append({"params": own, "weight_decay": decay, "factor": factor})
    return torch.optim.AdamW(groups, lr=config.learning_rate, fused=network.device.type == "cuda")
