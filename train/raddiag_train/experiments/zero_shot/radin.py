"""RadIN, a baseline: a ResNet-50 that classifies the pictures of RadImageNet (Mei et al. 2022).

The published file has the encoder alone; a zero-shot answer needs weights with the classifier of 165 classes as well,
and the classes' names. Pictures are scaled to [-1, 1], as its authors' code does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from raddiag_engine.diagnosis.device import place
from raddiag_engine.errors import ModelError
from raddiag_engine.models.card import Disorder
from raddiag_engine.models.icd10cm_matching import match_by_name
from raddiag_engine.models.labels import read_labels
from raddiag_engine.network.residual import Bottleneck
from raddiag_engine.network.resnet import ResNet
from raddiag_train.data.records import NORMAL, CaseRecord
from raddiag_train.evaluation.engine_fusion import SetAside
from raddiag_train.experiments.zero_shot.answers import Answers
from raddiag_train.experiments.zero_shot.label_mapping import MappedLabel
from raddiag_train.experiments.zero_shot.pictures import picture_batches
from raddiag_train.experiments.zero_shot.weights_file import fill, read_weights

SIZE_PX = 224
MEAN, STD = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
BLOCKS = (3, 4, 6, 3)
# The authors' file numbers the parts of the encoder.
_NUMBERED = {"0": "conv1", "1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3", "7": "layer4"}
_CLASSIFIERS = ("fc", "classifier.linear", "linear", "classifier", "head")


class RadIN(nn.Module):
    """Encoder, mean over the picture, linear classifier.

    Args:
        classes: Number of classes.
        width: Channels of the first stage, 64 in ResNet-50.
    """

    def __init__(self, classes: int, width: int = 64) -> None:
        super().__init__()
        self.encoder = ResNet(Bottleneck, 2, 3, width, BLOCKS)
        self.fc = nn.Linear(self.encoder.out_channels, classes)

    def forward(self, pictures_N3HW: Tensor) -> Tensor:
        """To logits_NK."""
        return self.fc(self.encoder(pictures_N3HW).mean((2, 3)))


def load_radin(weights: Path, class_names: Path) -> tuple[RadIN, tuple[Disorder, ...]]:
    """The network and its classes.

    Args:
        weights: In torchvision's names, or those of the authors' file.
        class_names: JSON, name -> class index.

    Raises:
        ModelError: The weights are of another network, or without classifier.
        ConfigError: The names are not usable.
    """
    names = read_labels(class_names)
    state = {_renamed(name): tensor for name, tensor in read_weights(weights).items()}
    for classifier in _CLASSIFIERS:
        if f"{classifier}.weight" in state and state[f"{classifier}.weight"].ndim == 2:
            state |= {f"fc.{part}": state[f"{classifier}.{part}"] for part in ("weight", "bias")}
            break
    else:
        raise ModelError(f"{weights}: holds no classifier, only an encoder; a zero-shot answer needs one")
    if len(state["fc.weight"]) != len(names):
        raise ModelError(f"{weights}: has {len(state['fc.weight'])} classes, but {class_names} names {len(names)}")
    network = RadIN(len(names), width=len(state.get("encoder.bn1.weight", ())) or 64)
    fill(network, state, weights, "RadIN's ResNet-50")
    disorders = [
        Disorder(name, match_by_name(name), normal=name.strip().lower() in (NORMAL.lower(), "no finding"))
        for name in names
    ]
    return network.eval(), tuple(disorders)


@torch.no_grad()
def radin_answers(
    network: RadIN,
    disorders: Sequence[Disorder],
    records: Sequence[CaseRecord],
    mapped: Sequence[MappedLabel],
    device: str,
) -> Answers:
    """A label's score is the probability of its classes; it is called where one of them is the most probable of all.

    Of a case with several pictures, the mean of their probabilities counts.
    """
    placement = place(device)
    network.to(placement.device)
    sums_NK, counts_N = np.zeros((len(records), len(disorders))), np.zeros(len(records))
    set_aside: list[SetAside] = []
    for owners, pictures in picture_batches(records, SIZE_PX, MEAN, STD, set_aside):
        np.add.at(sums_NK, owners, network(pictures.to(placement.device)).softmax(1).double().cpu().numpy())
        np.add.at(counts_N, owners, 1)
    probabilities_NK = sums_NK / counts_N[:, None]
    index_of = {disorder.name: index for index, disorder in enumerate(disorders)}
    best_N = probabilities_NK.argmax(1)
    own = [[index_of[name] for name in one.disorders] for one in mapped]
    return Answers(
        np.stack([probabilities_NK[:, indices].sum(1) for indices in own], 1),
        np.stack([np.isin(best_N, indices) for indices in own], 1),
        tuple(set_aside),
    )


def _renamed(name: str) -> str:
    if found := re.fullmatch(r"(?:backbone\.)?(\d)\.(.+)", name):
        return f"encoder.{_NUMBERED.get(found[1], found[1])}.{found[2]}"
    plain = name.removeprefix("backbone.").removeprefix("encoder.")
    return f"encoder.{plain}" if plain.startswith(("conv1", "bn1", "layer")) else name
