"""A trained model as the start for other data (section 5.2.2): its encoder, its fusion where that is kept, and a last
layer that is new."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from raddiag_engine.models.card import Disorder
from raddiag_engine.models.folder import Model, save_model
from raddiag_engine.network.config import NetworkConfig
from raddiag_engine.network.model import RadDiag
from raddiag_train.training.config import TrainingConfig

# The last layer goes by the disorders' names, and none is called this.
NO_DISORDER = "(none: the last layer is new)"


def fine_tuning_network(network: NetworkConfig, single_image: bool) -> NetworkConfig:
    """The architecture for a data set: without fusion module where each case is a single image.

    A single image's prediction is what any pooling makes of it. A knowledge head gives way to a linear layer.
    """
    if single_image:
        network = replace(network, fusion=replace(network.fusion, kind="mean"))
    if network.head.kind == "knowledge":
        network = replace(network, head=replace(network.head, kind="linear"))
    return network


def of_model(config: TrainingConfig, model: Model, network: NetworkConfig) -> TrainingConfig:
    """The configuration with an architecture and the model's preparation: its weights mean something in that alone."""
    # The number of classes follows from the data.
    network = replace(network, classes=config.network.classes)
    return replace(config, network=network, preparation=replace(model.card.preparation, quantise_8bit=True))


def write_starting_model(
    model: Model, network: NetworkConfig, folder: Path, *, keep_fusion: bool, seed: int = 0
) -> None:
    """Write the model folder that a run starts from.

    Args:
        model: As trained.
        network: Of the run; its encoder is the model's.
        folder: To write.
        keep_fusion: Take the model's fusion module, which then is that of `network`; else it starts anew.
        seed: Of what starts anew.
    """
    head = replace(network.head, kind="linear") if network.head.kind == "knowledge" else network.head
    config = replace(network, classes=1, head=head)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        start = RadDiag(config)
    state, theirs = start.state_dict(), model.network.state_dict()
    for name, tensor in state.items():
        inherited = name.startswith(("encoder.", "head.")) or (keep_fusion and name.startswith("fusion."))
        if inherited and name in theirs and theirs[name].shape == tensor.shape:
            state[name] = theirs[name]
    start.load_state_dict(state)
    card = replace(
        model.card,
        name=f"{model.card.name}, encoder",
        network=config,
        disorders=(Disorder(NO_DISORDER),),
        evaluation={},
        knowledge_encoder=None,
    )
    save_model(folder, card, start)
