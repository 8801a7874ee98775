"""A trained network without the auxiliary classes behind its disorders."""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from raddiag_engine.network.model import RadDiag


def without_auxiliary_classes(network: RadDiag, disorders: int) -> RadDiag:
    """A network whose classifier ends after the disorders; the same one if it has no more.

    Every tensor of the head that has an entry for each class keeps the first ones; all other weights are copied.

    Args:
        network: Trained on disorders and ancestors.
        disorders: Number of classes that are kept.
    """
    trained = network.config.classes
    if trained == disorders:
        return network
    cut = RadDiag(replace(network.config, classes=disorders))
    wanted = cut.state_dict()
    kept = {
        name: tensor[:disorders] if tensor.shape != wanted[name].shape else tensor
        for name, tensor in network.state_dict().items()
    }
    cut.load_state_dict(kept)
    return _as(cut, network)


def _as(cut: RadDiag, network: nn.Module) -> RadDiag:
    """On the device, and in the mode, of the other."""
    cut.to(next(network.parameters()).device)
    return cut.train(network.training)
