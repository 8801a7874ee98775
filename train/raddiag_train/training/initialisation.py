"""The network and the optimiser as they are before the first step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from raddiag_engine.network.config import NetworkConfig
from raddiag_engine.network.head import KnowledgeHead
from raddiag_engine.network.memory_format import to_channels_last
from raddiag_engine.network.model import RadDiag
from raddiag_train.data.case_labels import CaseLabels
from raddiag_train.training.losses import prior_log_odds
from raddiag_train.training.optimisation_config import OptimisationConfig


def build_network(
    config: NetworkConfig, classes: int, device: torch.device, text_embeddings_KT: Tensor | None = None
) -> RadDiag:
    """A network with random weights, channels last.

    Args:
        config: Its architecture; the number of classes and the width of a text embedding follow from the other two.
        classes: In training.
        device: To put it on.
        text_embeddings_KT: Of the classes, for a knowledge head.
    """
    if text_embeddings_KT is not None:
        config = replace(config, head=replace(config.head, text_width=text_embeddings_KT.shape[1]))
    network = RadDiag(replace(config, classes=classes))
    if text_embeddings_KT is not None:
        network.set_text_embeddings(text_embeddings_KT)
    network = network.to(device)
    to_channels_last(network, volumes=True)
    return network


@torch.no_grad()
def start_at_prior(network: RadDiag, log_odds_K: Tensor) -> None:
    """Set the bias that the classifier has for each class.

    A knowledge head has one in its cosine form or with `disorder_bias`; without, it starts where its text puts it.

    Args:
        network: Just made.
        log_odds_K: Of each class among the cases as they are sampled.
    """
    if isinstance(network.head, KnowledgeHead):
        if network.head.bias_K is not None:
            network.head.bias_K.copy_(log_odds_K)
        return
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
