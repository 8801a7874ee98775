"""The weight-randomisation check: a map that survives random weights explains nothing.

Source: Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018 (arXiv 1810.03292), cascading randomisation.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from raddiag_engine.diagnosis.evidence import CaseEvidence
from raddiag_engine.network.model import RadDiag
from raddiag_engine.saliency.explain import explain_case
from raddiag_engine.saliency.saliency_map import SaliencyMap


@dataclass(frozen=True)
class RandomisationStep:
    """How far the maps moved once the weights down to one part are random.

    Attributes:
        part: Name of the part that was randomised last; the ones before it in the list are random too.
        rank_correlation: Spearman's between the maps of the trained and of the randomised network, over all voxels
            of the case: 1 is unchanged, about 0 is what a faithful method gives.
    """

    part: str
    rank_correlation: float


def randomisation_check(
    evidence: CaseEvidence, class_index: int, method: str = "gradcam", *, seed: int = 0
) -> list[RandomisationStep]:
    """Randomise the network from the classifier down, part by part, and compare the maps with the trained ones.

    Args:
        evidence: The set case; its network is left as it is.
        class_index: Of the disorder.
        method: One of `METHODS`.
        seed: Of the random weights.
    """
    [trained] = explain_case(evidence, [class_index], method)
    network = copy.deepcopy(evidence.network)
    randomised = replace(evidence, network=network)
    generator = torch.Generator().manual_seed(seed)
    steps = []
    for part, module in _parts_from_the_top(network):
        _shuffle_weights(module, generator)
        if part.startswith("encoder"):
            randomised = replace(randomised, embeddings_SC=_embeddings(randomised))
        [maps] = explain_case(randomised, [class_index], method)
        steps.append(RandomisationStep(part, _rank_correlation(trained, maps)))
    return steps


@torch.no_grad()
def _embeddings(evidence: CaseEvidence) -> Tensor:
    scans = (evidence.network_scan(i, evidence.prepare(i)) for i in range(len(evidence.scans)))
    network = evidence.network
    return torch.cat([network.embed_features(network.spatial_features(scan), scan.is_volume) for scan in scans])


def _parts_from_the_top(network: RadDiag) -> list[tuple[str, nn.Module]]:
    """The network's parts in the order of the backward pass: head, fusion, then the encoder's last part first."""
    parts: list[tuple[str, nn.Module]] = [("head", network.head)]
    if network.fusion is not None:
        parts.append(("fusion", network.fusion))
    children = [(f"encoder.{name}", child) for name, child in network.encoder.named_children()]
    children = [(name, child) for name, child in children if any(True for _ in child.parameters())]
    return parts + children[::-1]


@torch.no_grad()
def _shuffle_weights(module: nn.Module, generator: torch.Generator) -> None:
    """Shuffle every weight within its own tensor, so that scale and sparsity stay as they were."""
    for parameter in module.parameters():
        order = torch.randperm(parameter.numel(), generator=generator).to(parameter.device)
        parameter.copy_(parameter.flatten()[order].view_as(parameter))


def _rank_correlation(before: Sequence[SaliencyMap], after: Sequence[SaliencyMap]) -> float:
    first, second = (_ranks(np.concatenate([m.values.ravel() for m in maps])) for maps in (before, after))
    if first.std() == 0 or second.std() == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def _ranks(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Ranks with ties averaged."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]
